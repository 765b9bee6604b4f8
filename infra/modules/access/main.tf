# Who may do what. Three roles for people's work: jobs on a cluster, the worker that starts them, whoever reads. Each
# policy names what it opens; nothing opens all of a service.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  partition = data.aws_partition.this.partition
  account   = data.aws_caller_identity.this.account_id
  region    = data.aws_region.this.name
  here      = "${local.region}:${local.account}"

  glue_catalog   = "arn:${local.partition}:glue:${local.here}:catalog"
  glue_databases = [for each in var.databases : "arn:${local.partition}:glue:${local.here}:database/${each}"]
  glue_tables    = [for each in var.databases : "arn:${local.partition}:glue:${local.here}:table/${each}/*"]
  runs           = "arn:${local.partition}:emr-serverless:${local.here}:/applications/*/jobruns/*"
  workgroup      = "arn:${local.partition}:athena:${local.here}:workgroup/${var.workgroup}"

  # Only layers that people ask are for readers; bronze is not judged yet. What was rejected lies beside silver, with its
  # reasons, and may be asked as well.
  readable           = ["silver", "gold"]
  readable_databases = [for each in var.databases : each if anytrue([for layer in local.readable : endswith(each, "_${layer}")])]

  # From the top of the bucket: ledgers, leases and checkpoints have a <domain>/<layer> too, further down.
  readable_places = [for pair in setproduct(var.domains, local.readable) : "${pair[0]}/${pair[1]}/*"]
}

module "job" {
  source = "../role"

  name = "${var.name}-job"
  services = [
    "ec2.amazonaws.com",
    "emr-serverless.amazonaws.com",
  ]
  account = local.account
  policy  = data.aws_iam_policy_document.job.json
}

resource "aws_iam_instance_profile" "job" {
  name = "${var.name}-job"
  role = module.job.name
}

module "worker" {
  source = "../role"

  name     = "${var.name}-worker"
  services = ["ecs-tasks.amazonaws.com"]
  account  = local.account
  policy   = data.aws_iam_policy_document.worker.json
}

module "reader" {
  source = "../role"

  name       = "${var.name}-reader"
  principals = length(var.readers) > 0 ? var.readers : ["arn:${local.partition}:iam::${local.account}:root"]
  account    = local.account
  policy     = data.aws_iam_policy_document.reader.json
}
