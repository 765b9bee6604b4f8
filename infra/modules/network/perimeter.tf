# What may be reached in S3 from within: buckets of this account, and those of AWS that machines cannot start without, which
# https://docs.aws.amazon.com/emr/latest/ManagementGuide/private-subnet-iampolicy.html lists for EMR.

data "aws_caller_identity" "this" {}
data "aws_partition" "this" {}

locals {
  region        = data.aws_region.this.id
  buckets       = "arn:${data.aws_partition.this.partition}:s3:::"
  instance_data = local.region == "ap-southeast-2" ? "aws157-instance-data-bucket" : "aws157-instance-data"
}

data "aws_iam_policy_document" "s3" {
  #checkov:skip=CKV_AWS_109:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_111:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_283:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_356:The policy of an endpoint gives nothing: it takes away what the roles' own policies give

  statement {
    sid       = "OurAccount"
    actions   = ["s3:*"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }

  # Packages of Amazon Linux, EMR's own, what it keeps of a machine, and layers of images in ECR.
  statement {
    sid     = "WhatMachinesStartFrom"
    actions = ["s3:GetObject"]
    resources = [
      "${local.buckets}al2023-repos-${local.region}-de612dc2/*",
      "${local.buckets}repo.${local.region}.emr.amazonaws.com/*",
      "${local.buckets}${local.instance_data}-0-prod-${local.region}/*",
      "${local.buckets}${local.instance_data}-1-prod-${local.region}/*",
      "${local.buckets}${local.region}.elasticmapreduce/*",
      "${local.buckets}prod-${local.region}-starport-layer-bucket/*",
    ]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  # Where EMR's machines put their logs.
  statement {
    sid       = "WhatMachinesTell"
    actions   = ["s3:Put*"]
    resources = ["${local.buckets}aws157-logs-prod${local.region == "us-east-1" ? "" : "-${local.region}"}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }

  # What EMR's pages of Spark show.
  statement {
    sid       = "ApplicationHistory"
    actions   = ["s3:Abort*", "s3:Create*", "s3:Get*", "s3:List*", "s3:Put*"]
    resources = ["${local.buckets}prod.${local.region}.appinfo.src/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }
  }
}
