# PostgreSQL on RDS that answers what dashboards ask: `headrace serve` fills it from gold, so it holds nothing that the lake
# has not. It is reached from within the network alone, over TLS, with the password that RDS keeps in Secrets Manager or with
# a token of IAM. Rules for the cluster and the worker are made with them, in modules/cluster_network.

locals {
  engine_version = coalesce(var.engine_version, yamldecode(file("${path.module}/../../../headrace/versions.yml")).postgresql)
  major          = split(".", local.engine_version)[0]
  identifier     = "${var.name}-serving"
  port           = 5432
  database       = "headrace"
  master         = "headrace"
  iam_user       = "headrace_serve" # who comes with a token; made once by the master: docs/cloud.md

  # Of an idle month, by the list that `headrace cost` has; 0 where it lacks the type.
  prices  = yamldecode(file("${path.module}/../../../headrace/cost/prices.yml"))
  zones   = var.is_multi_az ? " multi-az" : ""
  hour    = try(local.prices.prices["rds ${var.instance_type}${local.zones}"].dollars, null)
  storage = var.gb * local.prices.prices["rds storage${local.zones}"].dollars
  dollars = local.hour == null ? 0 : local.hour * local.prices.hours_a_month + local.storage + local.prices.prices["secret"].dollars
}

resource "aws_security_group" "this" {
  name        = local.identifier
  description = "Serving database"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "clients" {
  for_each = var.clients

  security_group_id            = aws_security_group.this.id
  description                  = "PostgreSQL from who asks"
  referenced_security_group_id = each.key
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_db_subnet_group" "this" {
  name        = local.identifier
  description = "Private subnets of ${var.name}"
  subnet_ids  = var.subnets
}

resource "aws_db_parameter_group" "this" {
  # Another major makes another group before the old one goes, so the two need names of their own.
  name        = "${local.identifier}-${local.major}"
  description = "TLS alone; statements that change tables or take more than a second are logged"
  family      = "postgres${local.major}"

  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  parameter {
    name  = "log_statement"
    value = "ddl"
  }

  parameter {
    name  = "log_min_duration_statement"
    value = "1000"
  }

  lifecycle {
    create_before_destroy = true
  }
}

# RDS would make it itself, without a key and for ever. Its name is RDS's choice.
resource "aws_cloudwatch_log_group" "this" {
  #checkov:skip=CKV_AWS_338:A year by default; an environment to try things in says less

  name              = "/aws/rds/instance/${local.identifier}/postgresql"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

resource "aws_db_instance" "this" {
  #checkov:skip=CKV_AWS_118:Processes of the machine would go to RDSOSMetrics, a log group that all databases of an account share, under no key of ours; Performance Insights shows what waits
  #checkov:skip=CKV_AWS_157:One zone for an environment to try things in; what it holds is in the lake
  #checkov:skip=CKV_AWS_293:Kept wherever is_disposable does not say otherwise

  identifier     = local.identifier
  engine         = "postgres"
  engine_version = local.engine_version
  instance_class = var.instance_type
  multi_az       = var.is_multi_az
  db_name        = local.database
  port           = local.port

  username                            = local.master
  manage_master_user_password         = true
  master_user_secret_kms_key_id       = var.key_arn
  iam_database_authentication_enabled = true

  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false

  storage_type          = "gp3"
  allocated_storage     = var.gb
  max_allocated_storage = var.most_gb
  storage_encrypted     = true
  kms_key_id            = var.key_arn

  backup_retention_period   = var.backup_days
  copy_tags_to_snapshot     = true
  deletion_protection       = !var.is_disposable
  skip_final_snapshot       = var.is_disposable
  final_snapshot_identifier = var.is_disposable ? null : "${local.identifier}-final"

  auto_minor_version_upgrade      = true
  enabled_cloudwatch_logs_exports = ["postgresql"]

  performance_insights_enabled          = true
  performance_insights_kms_key_id       = var.key_arn
  performance_insights_retention_period = 7 # days, which are free

  depends_on = [aws_cloudwatch_log_group.this]
}
