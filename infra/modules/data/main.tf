# What holds data, and the network that brokers cannot do without: all that must outlive the compute of an environment.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

module "lake" {
  source = "../lake"

  name             = var.name
  existing_key_arn = var.key_arn
  landing_days     = var.landing_days
  deleted_days     = var.deleted_days
  has_data_events  = var.has_data_events
  log_days         = var.log_days
  is_disposable    = var.is_disposable
  more_log_groups  = var.has_serving_database ? ["/aws/rds/instance/${var.name}-serving/postgresql"] : []
}

module "network" {
  source = "../network"

  name           = var.name
  cidr           = var.cidr
  zones          = var.zones
  zone_ids       = var.zone_ids
  existing       = var.network
  producers      = { security_groups = var.producers.security_groups, cidrs = var.producers.cidrs }
  producer_ports = var.has_passwords ? [9096, 9098] : [9098]
  key_arn        = module.lake.key_arn
  log_days       = var.log_days

  permissions_boundary = var.permissions_boundary
}

module "stream" {
  source = "../stream"

  name            = var.name
  kind            = var.stream_kind
  subnets         = module.network.private_subnets
  security_group  = module.network.brokers_group
  key_arn         = module.lake.key_arn
  broker_type     = var.broker_type
  monitoring      = var.broker_monitoring
  volume_gb       = var.volume_gb
  most_volume_gb  = var.most_volume_gb
  gb_an_hour      = var.gb_an_hour
  retention_hours = var.retention_hours
  log_days        = var.log_days

  producer_accounts = var.producers.accounts
  has_passwords     = var.has_passwords
}

# It holds nothing that gold has not, but who asks it is not to notice when the compute is made anew:
# docs/decisions/073-the-serving-database-stands-with-the-data.md
module "serving" {
  source = "../database"
  count  = var.has_serving_database ? 1 : 0

  name          = var.name
  vpc_id        = module.network.vpc_id
  subnets       = module.network.private_subnets
  clients       = var.serving_clients
  key_arn       = module.lake.key_arn
  instance_type = var.serving_type
  is_multi_az   = var.serving_is_multi_az
  gb            = var.serving_gb
  most_gb       = coalesce(var.most_serving_gb, var.serving_gb)
  backup_days   = var.is_disposable ? 1 : 7
  log_days      = var.log_days
  is_disposable = var.is_disposable
}

resource "aws_secretsmanager_secret" "prefect_api_key" {
  #checkov:skip=CKV2_AWS_57:The key is made and replaced at Prefect

  count = var.has_prefect_api_key ? 1 : 0

  name                    = "${var.name}/prefect-api-key"
  description             = "With which the worker of ${var.name} comes to Prefect Cloud"
  kms_key_id              = module.lake.key_arn
  recovery_window_in_days = var.is_disposable ? 0 : 30
}

# Write-only: the key is in no plan and in no state. Whoever destroys needs none: then the condition only warns, and "none"
# is written nowhere.
resource "aws_secretsmanager_secret_version" "prefect_api_key" {
  count = var.has_prefect_api_key ? 1 : 0

  secret_id                = aws_secretsmanager_secret.prefect_api_key[0].id
  secret_string_wo         = coalesce(var.prefect_api_key, "none")
  secret_string_wo_version = var.prefect_api_key_version

  lifecycle {
    precondition {
      condition     = var.prefect_api_key != null
      error_message = "Prefect's key is missing: set TF_VAR_prefect_api_key, or has_prefect_api_key = false where Prefect wants none."
    }
  }
}
