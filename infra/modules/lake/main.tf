# The data's home: four buckets and the key that all of them are encrypted with.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account = data.aws_caller_identity.this.account_id
  root    = "arn:${data.aws_partition.this.partition}:iam::${local.account}:root"

  # expires: days after which what is current is removed as well; null keeps it.
  buckets = {
    landing   = { expires = var.landing_days }
    lake      = { expires = null }
    artifacts = { expires = null }
    logs      = { expires = var.log_days }
  }
}

module "bucket" {
  source   = "../bucket"
  for_each = local.buckets

  name          = "${var.name}-${each.key}-${local.account}"
  key_arn       = aws_kms_key.this.arn
  deleted_days  = var.deleted_days
  expires_days  = each.value.expires
  is_disposable = var.is_disposable
  more_policies = each.key == "logs" ? [data.aws_iam_policy_document.access_logs.json] : []
}

resource "aws_s3_bucket_logging" "this" {
  for_each = { for kind, bucket in module.bucket : kind => bucket if kind != "logs" }

  bucket        = each.value.name
  target_bucket = module.bucket["logs"].name
  target_prefix = "access/${each.key}/"
}
