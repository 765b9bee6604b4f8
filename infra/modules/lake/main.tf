# The data's home: four buckets, the key that all of them are encrypted with, and a bucket for what they log of accesses.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}
data "aws_region" "this" {}

locals {
  account     = data.aws_caller_identity.this.account_id
  partition   = data.aws_partition.this.partition
  region      = data.aws_region.this.id
  place       = "${local.account}-${local.region}" # a bucket's name is one in all of AWS
  root        = "arn:${local.partition}:iam::${local.account}:root"
  key_arn     = one(concat(aws_kms_key.this[*].arn, var.existing_key_arn[*]))
  access_logs = "${var.name}-access-${local.place}"

  # Days after which what is current is removed as well, by where its name begins.
  expire_days = {
    landing   = { "" = var.landing_days }
    lake      = { "_scratch/" = 1 } # of a batch that was killed
    artifacts = { "results/" = 90 } # what jobs answered: read within the minute, some hundred a day
    logs      = { "" = var.log_days }
  }

  # What the lake writes again every few seconds and nobody asks back. Tables' logs (_delta_log) lie in each table, where no
  # rule of S3 finds them: Delta removes them itself, and deleted_days says how long they can be had back.
  overwritten = { for place in ["_checkpoints/", "_heartbeats/", "_leases/", "_requests/", "_scratch/"] : place => 1 }
}

module "bucket" {
  source   = "../bucket"
  for_each = local.expire_days

  name          = "${var.name}-${each.key}-${local.place}"
  key_arn       = local.key_arn
  deleted_days  = var.deleted_days
  expire_days   = each.value
  is_disposable = var.is_disposable

  deleted_days_in = each.key == "lake" ? local.overwritten : {}
}

# Of its own, since S3 delivers logs to no bucket that is encrypted by KMS.
module "access_logs" {
  source = "../bucket"

  name          = local.access_logs
  has_kms       = false
  deleted_days  = var.deleted_days
  expire_days   = { "" = var.log_days }
  is_disposable = var.is_disposable
  more_policies = concat([data.aws_iam_policy_document.access_logs.json], var.has_data_events ? [data.aws_iam_policy_document.trail.json] : [])
}

resource "aws_s3_bucket_logging" "this" {
  for_each = module.bucket

  bucket        = each.value.name
  target_bucket = module.access_logs.name
  target_prefix = "${each.key}/"
  depends_on    = [module.access_logs] # its policy, too: who may not write there is refused
}
