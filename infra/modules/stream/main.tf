# Kafka: brokers of its own size, or none to look after (serverless). Both let in whoever IAM does, over TLS, and nobody
# else, but those with a password where has_passwords says so: IoT Core has no other way.

data "aws_partition" "this" {}

locals {
  kafka_version = coalesce(var.kafka_version, yamldecode(file("${path.module}/../../../headrace/versions.yml")).msk)
  is_serverless = var.kind == "serverless"
  zones         = length(var.subnets)
  grows         = !local.is_serverless && coalesce(var.most_volume_gb, var.volume_gb) > var.volume_gb
}

resource "aws_cloudwatch_log_group" "brokers" {
  #checkov:skip=CKV_AWS_338:A year by default; an environment to try things in says less

  count = local.is_serverless ? 0 : 1

  name              = "/${var.name}/brokers"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_msk_configuration" "this" {
  count = local.is_serverless ? 0 : 1

  # Another version makes another configuration before the old one goes, so the two need names of their own.
  name           = "${var.name}-${replace(local.kafka_version, ".", "-")}"
  kafka_versions = [local.kafka_version]

  # One broker can be lost and messages are still taken. With three, two copies are written before a message counts as
  # sent. With two there may then be one copy only, until the other broker is back: what comes in that time is lost with
  # the last disk. Topics are made on purpose only. Whoever has a password may do what Kafka's own lists (ACLs) say, which is
  # nothing at first; IAM does not ask them, so without passwords they are left as they are.
  server_properties = join("", [<<-EOT
    auto.create.topics.enable=false
    default.replication.factor=${local.zones}
    min.insync.replicas=${local.zones - 1}
    num.partitions=${var.partitions}
    unclean.leader.election.enable=false
    log.retention.hours=${var.retention_hours}
    message.max.bytes=10485760
  EOT
  , var.has_passwords ? "allow.everyone.if.no.acl.found=false\n" : ""])

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_msk_cluster" "this" {
  count = local.is_serverless ? 0 : 1

  cluster_name           = var.name
  kafka_version          = local.kafka_version
  number_of_broker_nodes = local.zones
  enhanced_monitoring    = var.monitoring

  broker_node_group_info {
    instance_type   = var.broker_type
    client_subnets  = var.subnets
    security_groups = [var.security_group]

    # MSK turns it on when the cluster is there, in a step of its own that the provider takes.
    dynamic "connectivity_info" {
      for_each = length(var.producer_accounts) > 0 ? [true] : []

      content {
        vpc_connectivity {
          client_authentication {
            sasl {
              iam = connectivity_info.value
            }
          }
        }
      }
    }

    storage_info {
      ebs_storage_info {
        volume_size = var.volume_gb
      }
    }
  }

  configuration_info {
    arn      = aws_msk_configuration.this[0].arn
    revision = aws_msk_configuration.this[0].latest_revision
  }

  client_authentication {
    unauthenticated = false

    sasl {
      iam   = true
      scram = var.has_passwords
    }
  }

  encryption_info {
    encryption_at_rest_kms_key_arn = var.key_arn

    encryption_in_transit {
      client_broker = "TLS"
      in_cluster    = true
    }
  }

  logging_info {
    broker_logs {
      cloudwatch_logs {
        enabled   = true
        log_group = aws_cloudwatch_log_group.brokers[0].name
      }
    }
  }

  lifecycle {
    ignore_changes = [broker_node_group_info[0].storage_info[0].ebs_storage_info[0].volume_size] # scaling moves it
  }
}

# What other accounts may do with the cluster itself: make a connection to it from a network of theirs. To write, they take
# the producer's role.
data "aws_iam_policy_document" "connections" {
  count = length(var.producer_accounts) > 0 ? 1 : 0

  statement {
    sid       = "ConnectFromOtherAccounts"
    actions   = ["kafka:CreateVpcConnection", "kafka:DescribeCluster", "kafka:DescribeClusterV2", "kafka:GetBootstrapBrokers"]
    resources = [aws_msk_cluster.this[0].arn]

    principals {
      type        = "AWS"
      identifiers = [for account in var.producer_accounts : "arn:${data.aws_partition.this.partition}:iam::${account}:root"]
    }
  }
}

resource "aws_msk_cluster_policy" "this" {
  count = length(var.producer_accounts) > 0 ? 1 : 0

  cluster_arn = aws_msk_cluster.this[0].arn
  policy      = data.aws_iam_policy_document.connections[0].json
}

# At four fifths, which is what volume_gb is held against, a tenth is added, every six hours at most. It never shrinks.
resource "aws_appautoscaling_target" "disks" {
  count = local.grows ? 1 : 0

  service_namespace  = "kafka"
  scalable_dimension = "kafka:broker-storage:VolumeSize"
  resource_id        = aws_msk_cluster.this[0].arn
  min_capacity       = 1
  max_capacity       = var.most_volume_gb
}

resource "aws_appautoscaling_policy" "disks" {
  count = local.grows ? 1 : 0

  name               = "${var.name}-disks"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.disks[0].service_namespace
  scalable_dimension = aws_appautoscaling_target.disks[0].scalable_dimension
  resource_id        = aws_appautoscaling_target.disks[0].resource_id

  target_tracking_scaling_policy_configuration {
    target_value     = 80
    disable_scale_in = true

    predefined_metric_specification {
      predefined_metric_type = "KafkaBrokerStorageUtilization"
    }
  }
}

resource "aws_msk_serverless_cluster" "this" {
  count = local.is_serverless ? 1 : 0

  cluster_name = var.name

  vpc_config {
    subnet_ids         = var.subnets
    security_group_ids = [var.security_group]
  }

  client_authentication {
    sasl {
      iam {
        enabled = true
      }
    }
  }
}

data "aws_msk_bootstrap_brokers" "this" {
  cluster_arn = one(concat(aws_msk_cluster.this[*].arn, aws_msk_serverless_cluster.this[*].arn))
}
