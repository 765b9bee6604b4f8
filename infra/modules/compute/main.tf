# Where Spark runs: a cluster of its own machines for the standing job, and an application that has none until a job comes
# (serverless) for everything else; or one of the two for both. Both run what the worker hands them as the same role, in
# subnets that are reached through endpoints.

locals {
  versions     = yamldecode(file("${path.module}/../../../headrace/versions.yml"))
  minor        = regex("^(.+)[.][0-9]+$", local.versions.emr_release)[0]
  release      = coalesce(var.release, local.versions.emr_release)
  architecture = coalesce(var.architecture, local.versions.architecture)
  tags         = { environment = var.name }

  batch_kind      = coalesce(var.batch_kind, var.kind)
  has_cluster     = var.kind == "cluster"
  has_application = local.batch_kind == "serverless"
  has_spot        = local.batch_kind == "cluster" # what never ends is not given to machines that go

  ids = merge(
    local.has_cluster ? { cluster = aws_emr_cluster.this[0].id } : {},
    local.has_application ? { serverless = aws_emrserverless_application.this[0].id } : {},
  )
}

resource "aws_emrserverless_application" "this" {
  count = local.has_application ? 1 : 0

  name          = var.name
  release_label = local.release
  type          = "SPARK"
  architecture  = upper(local.architecture)

  maximum_capacity {
    cpu    = "${var.most_cores} vCPU"
    memory = "${4 * var.most_cores} GB"
  }

  auto_start_configuration {
    enabled = true
  }

  auto_stop_configuration {
    enabled              = true
    idle_timeout_minutes = var.idle_minutes
  }

  network_configuration {
    subnet_ids         = var.subnets
    security_group_ids = [var.security_groups.core]
  }

  tags = local.tags
}

# Whoever hands jobs over reads here where to, each time: a cluster that is made anew is found without a deployment.
resource "aws_ssm_parameter" "this" {
  #checkov:skip=CKV2_AWS_34:Ids are no secret
  #checkov:skip=CKV_AWS_337:Ids are no secret

  name        = "/${var.name}/compute"
  description = "Where jobs of ${var.name} run, and where its standing jobs do, by the names of headrace's settings"
  type        = "String"

  value = jsonencode({
    emr_kind        = local.batch_kind
    emr_id          = local.ids[local.batch_kind]
    stream_emr_kind = var.kind
    stream_emr_id   = local.ids[var.kind]
  })
}
