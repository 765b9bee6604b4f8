# What works on the data of prod: nodes for 50,000 readings a second. It can be destroyed and made anew.

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
  name = "headrace-prod"
}

module "headrace" {
  source = "../../../modules/platform"

  name                 = local.name
  domains              = var.domains
  queries              = "${path.module}/../../../queries"
  database_prefix      = var.database_prefix
  compute_kind         = var.compute_kind
  batch_kind           = var.batch_kind
  most_cores           = var.most_cores
  release              = var.release
  architecture         = var.architecture
  main_type            = var.main_type
  main_nodes           = var.main_nodes
  node_types           = var.node_types
  node_gb              = var.node_gb
  executor_cores       = var.executor_cores
  certificates_s3      = var.certificates_s3
  schedules            = var.schedules
  image                = var.image
  core_nodes           = var.core_nodes
  most_nodes           = var.most_nodes
  stops_when_idle      = var.stops_when_idle
  idle_minutes         = var.idle_minutes
  has_way_out          = var.has_way_out
  endpoints            = var.endpoints
  has_emr_endpoint     = var.has_emr_endpoint
  scan_limit_gb        = 100
  readers              = var.readers
  reader_groups        = var.reader_groups
  deployers            = var.deployers
  github               = var.github
  permissions_boundary = var.permissions_boundary
  prefect_api_url      = var.prefect_api_url
  lock                 = "${path.module}/../../../../requirements.lock"
  emails               = var.emails
  dollars_a_month      = var.dollars_a_month
  has_cost_tags        = var.has_cost_tags
  log_days             = 365
  is_disposable        = false
}
