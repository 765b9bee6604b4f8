# One small environment to try things in: two zones, the smallest brokers, one core node, gone when nobody uses it.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project     = "headrace"
      environment = local.name
      managed_by  = "terraform"
    }
  }
}

locals {
  name = "headrace-dev"
}

module "headrace" {
  source = "../../modules/platform"

  name                    = local.name
  domains                 = var.domains
  queries                 = "${path.module}/../../queries"
  database_prefix         = var.database_prefix
  zones                   = 2
  stream_kind             = var.stream_kind
  broker_type             = var.broker_type
  volume_gb               = var.volume_gb
  most_volume_gb          = var.most_volume_gb
  gb_an_hour              = var.gb_an_hour
  retention_hours         = var.retention_hours
  compute_kind            = var.compute_kind
  core_nodes              = var.core_nodes
  most_nodes              = var.most_nodes
  stops_when_idle         = var.stops_when_idle
  idle_minutes            = var.idle_minutes
  has_way_out             = var.has_way_out
  readers                 = var.readers
  prefect_api_url         = var.prefect_api_url
  has_prefect_api_key     = var.has_prefect_api_key
  prefect_api_key         = var.prefect_api_key
  prefect_api_key_version = var.prefect_api_key_version
  lock                    = "${path.module}/../../../requirements.lock"
  emails                  = var.emails
  dollars_a_month         = var.dollars_a_month
  has_cost_tags           = var.has_cost_tags
  landing_days            = 14
  log_days                = 30
  is_disposable           = true
}
