# The data of prod: three zones, brokers for 50,000 readings a second, and nothing that terraform destroy takes.

provider "aws" {
  region = var.region

  default_tags {
    tags = merge(var.tags, {
      project     = "headrace"
      environment = local.name
      managed_by  = "terraform"
    })
  }
}

locals {
  name      = "headrace-prod"
  contracts = flatten([for domain in var.domains : [for file in fileset("${path.module}/../../../../domains/${domain}/contracts", "*.yml") : yamldecode(file("${path.module}/../../../../domains/${domain}/contracts/${file}"))]])
}

module "headrace" {
  source = "../../../modules/data"

  name                    = local.name
  zones                   = 3
  zone_ids                = var.zone_ids
  network                 = var.network
  key_arn                 = var.key_arn
  stream_kind             = var.stream_kind
  broker_type             = var.broker_type
  broker_monitoring       = var.broker_monitoring
  volume_gb               = var.volume_gb
  most_volume_gb          = var.most_volume_gb
  gb_an_hour              = var.gb_an_hour
  retention_hours         = var.retention_hours
  topics                  = toset([for contract in local.contracts : contract.arrives.topic if can(contract.arrives.topic)])
  producers               = var.producers
  has_passwords           = var.has_passwords
  has_prefect_api_key     = var.has_prefect_api_key
  prefect_api_key         = var.prefect_api_key
  prefect_api_key_version = var.prefect_api_key_version
  has_serving_database    = var.has_serving_database
  serving_type            = var.serving_type
  serving_is_multi_az     = var.serving_is_multi_az
  serving_gb              = var.serving_gb
  most_serving_gb         = var.most_serving_gb
  serving_clients         = var.serving_clients
  permissions_boundary    = var.permissions_boundary
  landing_days            = 90
  deleted_days            = 30
  has_data_events         = var.has_data_events
  log_days                = 365
  is_disposable           = false
}
