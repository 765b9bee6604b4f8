# All that works on the data and holds none of it. An environment says how large; how the parts fit is said here, once.

locals {
  # As the lock file has them: name, version and hashes.
  locked   = { for found in regexall("(?m)^(([a-z0-9-]+)(?:\\[[a-z0-9,-]+\\])?==[^\\n]*\\n(?:    --hash=[^\\n]*\\n)+)", file(var.lock)) : found[1] => found[0]... }
  packages = [for each in sort(var.worker_needs) : join("", local.locked[each])]

  has_cluster  = var.compute_kind == "cluster"
  has_way_out  = local.has_cluster && var.has_way_out
  prefect_port = try(tonumber(regex("^https?://[^/]+:([0-9]+)(?:/|$)", var.prefect_api_url)[0]), startswith(var.prefect_api_url, "http:") ? 80 : 443)
}

module "cluster_network" {
  source = "../cluster_network"

  name             = var.name
  network          = local.data.network
  endpoints        = var.endpoints
  has_emr_endpoint = var.has_emr_endpoint
  has_cluster      = local.has_cluster
  has_way_out      = local.has_way_out
  worker_ports     = [local.prefect_port]
  serving_group    = try(local.serving.group, null)
}

module "catalog" {
  source = "../catalog"

  name           = var.name
  domains        = var.domains
  prefix         = var.database_prefix
  lake_bucket    = local.data.buckets.lake
  results_bucket = local.data.buckets.logs
  key_arn        = local.data.key_arn
  scan_limit_gb  = var.scan_limit_gb
  queries        = var.queries
  reader_groups  = keys(var.reader_groups)
  is_disposable  = var.is_disposable
}

module "access" {
  source = "../access"

  name          = var.name
  bucket_arns   = local.bucket_arns
  key_arn       = local.data.key_arn
  kafka_cluster = var.name
  domains       = var.domains
  databases     = values(module.catalog.databases)
  workgroup     = module.catalog.workgroup
  readers       = var.readers
  reader_groups = var.reader_groups
  deployers     = var.deployers
  github        = var.github
  serving       = local.serving == null ? null : { secret_arn = local.serving.secret_arn, resource_id = local.serving.resource_id, iam_user = local.serving.iam_user }

  permissions_boundary = var.permissions_boundary
}

module "compute" {
  source = "../compute"

  name                     = var.name
  kind                     = var.compute_kind
  batch_kind               = var.batch_kind
  release                  = var.release
  architecture             = var.architecture
  main_type                = var.main_type
  main_nodes               = var.main_nodes
  node_types               = var.node_types
  node_gb                  = var.node_gb
  executor_cores           = var.executor_cores
  most_cores               = var.most_cores
  certificates_s3          = var.certificates_s3
  subnets                  = module.cluster_network.private_subnets
  security_groups          = module.cluster_network.security_groups
  job_role_arn             = module.access.job_role_arn
  job_instance_profile_arn = module.access.job_instance_profile_arn
  key_arn                  = local.data.key_arn
  logs_bucket              = local.data.buckets.logs
  core_nodes               = var.core_nodes
  most_nodes               = var.most_nodes
  stops_when_idle          = var.stops_when_idle
  idle_minutes             = var.idle_minutes
  permissions_boundary     = var.permissions_boundary
}

module "orchestration" {
  source = "../orchestration"

  name            = var.name
  prefect_api_url = var.prefect_api_url
  prefect_api_key = local.data.prefect_api_key
  packages        = local.packages
  image           = var.image
  architecture    = module.compute.architecture
  flows_bucket    = local.data.buckets.artifacts
  settings        = { for name, value in local.settings : "HEADRACE_${upper(name)}" => value }
  subnets         = local.data.network.outward_subnets
  security_group  = module.cluster_network.security_groups.worker
  worker_role_arn = module.access.worker_role_arn
  key_arn         = local.data.key_arn
  log_days        = var.log_days
  runs_at_once    = var.runs_at_once_a_domain * length(var.domains) + 4 # for those that tell

  permissions_boundary = var.permissions_boundary
}

module "guard" {
  source = "../guard"

  name            = var.name
  emails          = var.emails
  dollars_a_month = var.dollars_a_month + ceil(try(local.serving.dollars_a_month, 0))
  has_cost_tags   = var.has_cost_tags
  streamed        = var.domains
  brokers         = local.data.kafka.brokers
  compute         = module.compute.ids
  worker          = { cluster = module.orchestration.cluster, service = module.orchestration.service }
  serving         = local.serving == null ? null : { identifier = local.serving.identifier, gb = local.serving.gb }
  key_arn         = local.data.key_arn
}
