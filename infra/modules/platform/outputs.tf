locals {
  # By the names that headrace's settings have.
  settings = {
    engine          = "emr"
    emr_id          = "" # the parameter /<name>/compute says it, at each time anew
    architecture    = module.compute.architecture
    schedules       = var.schedules
    job_role_arn    = module.access.job_role_arn
    lake_url        = "s3://${local.data.buckets.lake}"
    landing_url     = "s3://${local.data.buckets.landing}/landing"
    dropped_url     = "s3://${local.data.buckets.landing}/dropped"
    truth_url       = "s3://${local.data.buckets.landing}/truth"
    artifacts_url   = "s3://${local.data.buckets.artifacts}"
    logs_url        = "s3://${local.data.buckets.logs}"
    kafka_bootstrap = local.data.kafka.bootstrap
    kafka_security  = "iam"
    database_prefix = var.database_prefix
    workgroup       = module.catalog.workgroup
    environment     = var.name

    alerts_topic_arn = module.guard.topic_arn

    serve_url             = try(local.serving.url, "")
    serve_password_secret = try(local.serving.secret_arn, "")

  }
}

output "settings" {
  description = "What headrace needs to know, by the names of its settings: `headrace configure --from-terraform` writes them down."
  value       = local.settings
}

output "compute" {
  description = "What runs jobs: the id of a cluster, of an application of EMR Serverless, or of both."
  value       = module.compute.ids
}

output "prefect" {
  description = "What `prefect deploy` needs: the bucket for flows and the work pool."
  value = {
    bucket = local.data.buckets.artifacts
    pool   = module.orchestration.pool
  }
}

output "worker_task" {
  description = "How the worker is started."
  value       = module.orchestration.task
}

output "reader_role_arn" {
  description = "What whoever asks gold and silver takes."
  value       = module.access.reader_role_arn
}

output "reader_role_arns" {
  description = "The same by group of readers."
  value       = module.access.reader_role_arns
}

output "deployer_role_arn" {
  description = "What whoever brings code takes."
  value       = module.access.deployer_role_arn
}

output "guard_topic_arn" {
  description = "Whoever subscribes to it is told of money, lag, failures and silence."
  value       = module.guard.topic_arn
}
