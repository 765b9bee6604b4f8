# The cluster: primary and core nodes on demand, for they hold what must not go; the rest, where batch work runs here as
# well, from Spot.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

module "service" {
  source = "../role"
  count  = local.has_cluster ? 1 : 0

  name     = "${var.name}-${data.aws_region.this.id}-emr"
  services = ["elasticmapreduce.amazonaws.com"]
  account  = data.aws_caller_identity.this.account_id
  policy   = data.aws_iam_policy_document.service.json

  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy_attachment" "service" {
  count = local.has_cluster ? 1 : 0

  role       = module.service[0].name
  policy_arn = "arn:${data.aws_partition.this.partition}:iam::aws:policy/service-role/AmazonEMRServicePolicy_v2"
}

# What EMR's own policy leaves out, for it knows neither our role nor our key.
data "aws_iam_policy_document" "service" {
  statement {
    sid       = "HandNodesTheirRole"
    actions   = ["iam:PassRole"]
    resources = [var.job_role_arn]

    condition {
      test     = "StringLike"
      variable = "iam:PassedToService"
      values   = ["ec2.amazonaws.com*"]
    }
  }

  statement {
    sid = "DisksUnderOurKey"
    actions = [
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ]
    resources = [var.key_arn]
  }

  statement {
    sid       = "DisksKeepOurKey"
    actions   = ["kms:CreateGrant"]
    resources = [var.key_arn]

    condition {
      test     = "Bool"
      variable = "kms:GrantIsForAWSResource"
      values   = ["true"]
    }
  }
}

locals {
  in_transit = { for zip in compact([var.certificates_s3]) : "InTransitEncryptionConfiguration" => {
    TLSCertificateConfiguration = { CertificateProviderType = "PEM", S3Object = zip }
  } }
}

resource "aws_emr_security_configuration" "this" {
  #checkov:skip=CKV_AWS_171:It is SSE-KMS, which checkov does not see within merge(); the module's tests do

  count = local.has_cluster ? 1 : 0

  name_prefix = "${var.name}-" # AWS changes none: another is made before a cluster that uses it, and this one goes after

  configuration = jsonencode({
    EncryptionConfiguration = merge(local.in_transit, {
      EnableInTransitEncryption = var.certificates_s3 != null
      EnableAtRestEncryption    = true
      AtRestEncryptionConfiguration = {
        S3EncryptionConfiguration = { EncryptionMode = "SSE-KMS", AwsKmsKey = var.key_arn }
        LocalDiskEncryptionConfiguration = {
          EncryptionKeyProviderType = "AwsKms"
          AwsKmsKey                 = var.key_arn
          EnableEbsEncryption       = true
        }
      }
    })
    InstanceMetadataServiceConfiguration = {
      MinimumInstanceMetadataServiceVersion = 2
      HttpPutResponseHopLimit               = 1
    }
  })

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_emr_cluster" "this" {
  #checkov:skip=CKV2_AWS_7:Its groups are closed: modules/cluster_network/security.tf

  count = local.has_cluster ? 1 : 0

  name          = var.name
  release_label = local.release
  applications  = ["Spark"] # releases named emr-spark list no Hadoop; YARN and HDFS come with Spark
  service_role  = module.service[0].arn
  log_uri       = "s3://${var.logs_bucket}/emr/"

  security_configuration            = aws_emr_security_configuration.this[0].name
  step_concurrency_level            = var.steps_at_once
  keep_job_flow_alive_when_no_steps = true
  termination_protection            = var.main_nodes == 3 # EMR sets it itself there: variable main_nodes
  scale_down_behavior               = "TERMINATE_AT_TASK_COMPLETION"
  ebs_root_volume_size              = 32

  configurations_json = jsonencode(concat(
    [{ Classification = "spark-defaults", Properties = local.sizes }],
    [for copies in local.hdfs_copies : { Classification = "hdfs-site", Properties = { "dfs.replication" = tostring(copies) } }],
  ))

  ec2_attributes {
    subnet_ids                        = var.subnets
    emr_managed_master_security_group = var.security_groups.main
    emr_managed_slave_security_group  = var.security_groups.core
    service_access_security_group     = var.security_groups.service
    instance_profile                  = var.job_instance_profile_arn
  }

  master_instance_fleet {
    name                      = "main"
    target_on_demand_capacity = var.main_nodes

    instance_type_configs {
      instance_type     = local.main_type
      weighted_capacity = 1
    }
  }

  core_instance_fleet {
    name                      = "core"
    target_on_demand_capacity = var.core_nodes

    # Without a strategy EMR takes no more than five types.
    launch_specifications {
      on_demand_specification {
        allocation_strategy = "lowest-price"
      }
    }

    dynamic "instance_type_configs" {
      for_each = local.node_types

      content {
        instance_type     = instance_type_configs.value
        weighted_capacity = 1

        ebs_config {
          size                 = var.node_gb
          type                 = "gp3"
          volumes_per_instance = 1
        }
      }
    }
  }

  dynamic "auto_termination_policy" {
    for_each = var.stops_when_idle && var.main_nodes == 1 ? [60 * var.idle_minutes] : []

    content {
      idle_timeout = auto_termination_policy.value
    }
  }

  tags = merge(local.tags, { "for-use-with-amazon-emr-managed-policies" = "true" })

  depends_on = [aws_iam_role_policy_attachment.service]

  lifecycle {
    ignore_changes = [core_instance_fleet[0].target_on_demand_capacity] # managed scaling moves it

    precondition {
      condition     = length(local.node_types) > 0
      error_message = "node_types: the region has none of ${join(", ", local.usual)}. Name some that it has."
    }

    precondition {
      condition     = var.main_type != null || length(local.offered) > 0
      error_message = "main_type: the region has none of ${join(", ", local.usual)}. Name one that it has."
    }

    precondition {
      condition     = local.executor_mb >= 2048
      error_message = "executor_cores: an executor would have ${local.executor_mb} MB. Take more executor_cores, or larger node_types."
    }
  }
}

resource "aws_emr_instance_fleet" "spot" {
  count = local.has_spot ? 1 : 0

  cluster_id           = aws_emr_cluster.this[0].id
  name                 = "spot"
  target_spot_capacity = 1 # a fleet begins with one; managed scaling takes it away where there is no work

  dynamic "instance_type_configs" {
    for_each = local.node_types

    content {
      instance_type                              = instance_type_configs.value
      weighted_capacity                          = 1
      bid_price_as_percentage_of_on_demand_price = 100

      ebs_config {
        size                 = var.node_gb
        type                 = "gp3"
        volumes_per_instance = 1
      }
    }
  }

  launch_specifications {
    spot_specification {
      allocation_strategy      = "capacity-optimized"
      timeout_action           = "SWITCH_TO_ON_DEMAND"
      timeout_duration_minutes = 10
    }
  }

  lifecycle {
    ignore_changes = [target_spot_capacity, target_on_demand_capacity]
  }
}

resource "aws_emr_managed_scaling_policy" "this" {
  count = local.has_spot ? 1 : 0

  cluster_id = aws_emr_cluster.this[0].id

  compute_limits {
    unit_type                       = "InstanceFleetUnits"
    minimum_capacity_units          = var.core_nodes
    maximum_capacity_units          = var.most_nodes
    maximum_core_capacity_units     = var.core_nodes
    maximum_ondemand_capacity_units = var.core_nodes
  }

  depends_on = [aws_emr_instance_fleet.spot]
}
