# Where Spark runs: a cluster of its own machines, or an application that has none until a job comes (serverless).
# Both run what the worker hands them as the same role, in subnets that are reached through endpoints.

locals {
  versions      = yamldecode(file("${path.module}/../../../headrace/versions.yml"))
  minor         = regex("^(.+)[.][0-9]+$", local.versions.emr_release)[0]
  release       = coalesce(var.release, local.versions.emr_release)
  is_serverless = var.kind == "serverless"
  tags          = { environment = var.name }
}

resource "aws_emrserverless_application" "this" {
  count = local.is_serverless ? 1 : 0

  name          = var.name
  release_label = local.release
  type          = "SPARK"
  architecture  = "X86_64"

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
