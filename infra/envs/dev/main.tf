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
  stream                  = var.stream
  compute                 = var.compute
  prefect_api_url         = var.prefect_api_url
  has_prefect_api_key     = var.has_prefect_api_key
  prefect_api_key         = var.prefect_api_key
  prefect_api_key_version = var.prefect_api_key_version
  lock                    = "${path.module}/../../../requirements.lock"
  emails                  = var.emails
  dollars_a_month         = var.dollars_a_month
  landing_days            = 14
  log_days                = 30
  is_disposable           = true
}
