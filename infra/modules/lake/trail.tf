# Who read and wrote which object of the lake, for whoever has to show it. Paid by the event: a lake that commits every
# second has many.

locals {
  trail_name = "${var.name}-data"
  trail_arn  = "arn:${local.partition}:cloudtrail:${local.region}:${local.account}:trail/${local.trail_name}"
}

resource "aws_cloudtrail" "this" {
  #checkov:skip=CKV_AWS_67:Buckets of one region; what happens in the account is the account's own trail
  #checkov:skip=CKV_AWS_252:Nobody waits for its files
  #checkov:skip=CKV2_AWS_10:Read by query when somebody asks, not watched

  count = var.has_data_events ? 1 : 0

  name                          = local.trail_name
  s3_bucket_name                = module.access_logs.name
  s3_key_prefix                 = "trail"
  kms_key_id                    = local.key_arn
  enable_log_file_validation    = true
  include_global_service_events = false

  advanced_event_selector {
    name = "Objects of the lake and of landing"

    field_selector {
      field  = "eventCategory"
      equals = ["Data"]
    }

    field_selector {
      field  = "resources.type"
      equals = ["AWS::S3::Object"]
    }

    field_selector {
      field       = "resources.ARN"
      starts_with = [for kind in ["lake", "landing"] : "${module.bucket[kind].arn}/"]
    }
  }

  depends_on = [module.access_logs] # its policy, too: who may not write there is refused
}
