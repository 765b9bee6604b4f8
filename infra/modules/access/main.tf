# Who may do what. A role each for jobs on a cluster, the worker that starts them, whoever reads, whoever brings code. Each
# policy names what it opens; nothing opens all of a service.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  partition = data.aws_partition.this.partition
  account   = data.aws_caller_identity.this.account_id
  region    = data.aws_region.this.id
  here      = "${local.region}:${local.account}"
  prefix    = "${var.name}-${local.region}" # roles are one in an account, whatever the region

  root        = "arn:${local.partition}:iam::${local.account}:root"
  from_github = { provider = "token.actions.githubusercontent.com", audience = "sts.amazonaws.com" }

  # Athena puts what a workgroup answers in one place, and shows it to whoever may read that place: so whoever is not to see
  # others' answers asks in a workgroup of their own. docs/decisions/043-who-may-do-what.md
  readers = merge(
    { readers = { who = var.readers, role = "${local.prefix}-reader", workgroup = var.workgroup } },
    { for group, who in var.reader_groups : group => { who = who, role = "${local.prefix}-reader-${group}", workgroup = "${var.workgroup}-${group}" } },
  )

  glue_catalog   = "arn:${local.partition}:glue:${local.here}:catalog"
  glue_databases = [for each in var.databases : "arn:${local.partition}:glue:${local.here}:database/${each}"]
  glue_tables    = [for each in var.databases : "arn:${local.partition}:glue:${local.here}:table/${each}/*"]
  runs           = "arn:${local.partition}:emr-serverless:${local.here}:/applications/*/jobruns/*"

  # Only layers that people ask are for readers; bronze is not judged yet. What was rejected lies beside silver, with its
  # reasons, and may be asked as well.
  readable           = ["silver", "gold"]
  readable_databases = [for each in var.databases : each if anytrue([for layer in local.readable : endswith(each, "_${layer}")])]

  # Of whoever fills the serving database.
  serving = [
    for each in var.serving[*] : {
      secret  = each.secret_arn
      connect = "arn:${local.partition}:rds-db:${local.here}:dbuser:${each.resource_id}/${each.iam_user}"
    }
  ]

  # From the top of the bucket: ledgers, leases and checkpoints have a <domain>/<layer> too, further down.
  readable_places = [for pair in setproduct(var.domains, local.readable) : "${pair[0]}/${pair[1]}/*"]
}

module "job" {
  source = "../role"

  name = "${local.prefix}-job"
  services = [
    "ec2.amazonaws.com",
    "emr-serverless.amazonaws.com",
  ]
  account = local.account
  policy  = data.aws_iam_policy_document.job.json

  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_instance_profile" "job" {
  name = "${local.prefix}-job"
  role = module.job.name
}

module "worker" {
  source = "../role"

  name     = "${local.prefix}-worker"
  services = ["ecs-tasks.amazonaws.com"]
  account  = local.account
  policy   = data.aws_iam_policy_document.worker.json

  permissions_boundary = var.permissions_boundary
}

module "reader" {
  source   = "../role"
  for_each = local.readers

  name       = each.value.role
  principals = length(each.value.who) > 0 ? each.value.who : [local.root]
  account    = local.account
  policy     = data.aws_iam_policy_document.reader[each.key].json

  permissions_boundary = var.permissions_boundary
}

# Whoever brings code: it runs as the job does, so this is as much as the lake.
module "deployer" {
  source = "../role"

  name       = "${local.prefix}-deployer"
  principals = length(var.deployers) > 0 || var.github != null ? var.deployers : [local.root]
  identities = [for each in [var.github] : merge(local.from_github, { subject = "repo:${each.repository}:ref:refs/heads/${each.branch}" }) if each != null]
  account    = local.account
  policy     = data.aws_iam_policy_document.deployer.json

  permissions_boundary = var.permissions_boundary
}
