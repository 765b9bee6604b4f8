# All of it together. An environment says how large; how the parts fit is said here, once.

locals {
  # As the lock file has them: name, version and hashes.
  locked   = { for found in regexall("(?m)^(([a-z0-9-]+)(?:\\[[a-z0-9,-]+\\])?==[^\\n]*\\n(?:    --hash=[^\\n]*\\n)+)", file(var.lock)) : found[1] => found[0]... }
  packages = [for each in sort(var.worker_needs) : join("", local.locked[each])]

  has_cluster  = var.compute_kind == "cluster"
  has_way_out  = local.has_cluster && var.has_way_out
  prefect_port = try(tonumber(regex("^https?://[^/]+:([0-9]+)(?:/|$)", var.prefect_api_url)[0]), startswith(var.prefect_api_url, "http:") ? 80 : 443)
}

module "lake" {
  source = "../lake"

  name          = var.name
  landing_days  = var.landing_days
  log_days      = var.log_days
  is_disposable = var.is_disposable
}

module "network" {
  source = "../network"

  name         = var.name
  cidr         = var.cidr
  zones        = var.zones
  has_cluster  = local.has_cluster
  has_way_out  = local.has_way_out
  worker_ports = [local.prefect_port]
  key_arn      = module.lake.key_arn
  log_days     = var.log_days
}

module "stream" {
  source = "../stream"

  name            = var.name
  kind            = var.stream_kind
  subnets         = module.network.private_subnets
  security_group  = module.network.security_groups.brokers
  key_arn         = module.lake.key_arn
  broker_type     = var.broker_type
  volume_gb       = var.volume_gb
  most_volume_gb  = var.most_volume_gb
  gb_an_hour      = var.gb_an_hour
  retention_hours = var.retention_hours
  log_days        = var.log_days
  told            = [module.guard.topic_arn]
}

module "catalog" {
  source = "../catalog"

  name           = var.name
  domains        = var.domains
  prefix         = var.database_prefix
  lake_bucket    = module.lake.buckets.lake
  results_bucket = module.lake.buckets.logs
  key_arn        = module.lake.key_arn
  scan_limit_gb  = var.scan_limit_gb
  queries        = var.queries
  is_disposable  = var.is_disposable
}

module "access" {
  source = "../access"

  name          = var.name
  bucket_arns   = module.lake.bucket_arns
  key_arn       = module.lake.key_arn
  kafka_cluster = var.name
  domains       = var.domains
  databases     = values(module.catalog.databases)
  workgroup     = module.catalog.workgroup
  readers       = var.readers
}

module "compute" {
  source = "../compute"

  name                     = var.name
  kind                     = var.compute_kind
  subnets                  = module.network.private_subnets
  security_groups          = module.network.security_groups
  job_role_arn             = module.access.job_role_arn
  job_instance_profile_arn = module.access.job_instance_profile_arn
  key_arn                  = module.lake.key_arn
  logs_bucket              = module.lake.buckets.logs
  core_nodes               = var.core_nodes
  most_nodes               = var.most_nodes
  stops_when_idle          = var.stops_when_idle
  idle_minutes             = var.idle_minutes
}

module "orchestration" {
  source = "../orchestration"

  name                    = var.name
  prefect_api_url         = var.prefect_api_url
  has_api_key             = var.has_prefect_api_key
  prefect_api_key         = var.prefect_api_key
  prefect_api_key_version = var.prefect_api_key_version
  packages                = local.packages
  flows_bucket            = module.lake.buckets.artifacts
  settings                = { for name, value in local.settings : "HEADRACE_${upper(name)}" => value }
  subnets                 = module.network.outward_subnets
  security_group          = module.network.security_groups.worker
  worker_role_arn         = module.access.worker_role_arn
  key_arn                 = module.lake.key_arn
  log_days                = var.log_days
  runs_at_once            = var.runs_at_once_a_domain * length(var.domains) + 4 # for those that tell
  is_disposable           = var.is_disposable
}

module "guard" {
  source = "../guard"

  name            = var.name
  emails          = var.emails
  dollars_a_month = var.dollars_a_month
  has_cost_tags   = var.has_cost_tags
  streamed        = var.domains
  compute_kind    = module.compute.kind
  compute_id      = module.compute.id
  worker          = { cluster = module.orchestration.cluster, service = module.orchestration.service }
  key_arn         = module.lake.key_arn
}
