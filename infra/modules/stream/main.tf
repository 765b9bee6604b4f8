# Kafka: brokers of its own size, or none to look after (serverless). Both let in whoever IAM does, over TLS, and
# nobody else.

locals {
  is_serverless = var.kind == "serverless"
  zones         = length(var.subnets)
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

  name           = var.name
  kafka_versions = [var.kafka_version]

  # Two copies are written before a message counts as sent, so one broker can be lost. Topics are made on purpose only.
  server_properties = <<-EOT
    auto.create.topics.enable=false
    default.replication.factor=${local.zones}
    min.insync.replicas=2
    num.partitions=${var.partitions}
    unclean.leader.election.enable=false
    log.retention.hours=${var.retention_hours}
    message.max.bytes=10485760
  EOT

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_msk_cluster" "this" {
  count = local.is_serverless ? 0 : 1

  cluster_name           = var.name
  kafka_version          = var.kafka_version
  number_of_broker_nodes = local.zones
  enhanced_monitoring    = "PER_TOPIC_PER_BROKER"

  broker_node_group_info {
    instance_type   = var.broker_type
    client_subnets  = var.subnets
    security_groups = [var.security_group]

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
      iam = true
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
