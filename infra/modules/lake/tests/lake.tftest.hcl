mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "headrace-test"
}

run "all_is_encrypted_closed_and_kept" {
  command = plan

  assert {
    condition     = toset(keys(aws_s3_bucket.this)) == toset(["landing", "lake", "artifacts", "logs"])
    error_message = "there are four buckets"
  }

  assert {
    condition = alltrue([
      for each in aws_s3_bucket_public_access_block.this :
      each.block_public_acls && each.block_public_policy && each.ignore_public_acls && each.restrict_public_buckets
    ])
    error_message = "a bucket is open to the public"
  }

  assert {
    condition     = alltrue([for each in aws_s3_bucket_versioning.this : each.versioning_configuration[0].status == "Enabled"])
    error_message = "a bucket keeps no versions"
  }

  assert {
    condition     = alltrue([for each in aws_s3_bucket.this : !each.force_destroy])
    error_message = "destroy would take data with it, though nobody said that it may"
  }

  assert {
    condition     = aws_kms_key.this.enable_key_rotation
    error_message = "the key is never rotated"
  }
}

run "every_bucket_has_our_key_and_refuses_plain_http" {
  command = apply

  assert {
    condition = alltrue([
      for each in aws_s3_bucket_server_side_encryption_configuration.this :
      one(one(each.rule).apply_server_side_encryption_by_default).kms_master_key_id == aws_kms_key.this.arn
    ])
    error_message = "a bucket is encrypted with another key"
  }

  assert {
    condition = alltrue([
      for each in data.aws_iam_policy_document.bucket :
      each.statement[0].effect == "Deny" && one(each.statement[0].condition).variable == "aws:SecureTransport"
    ])
    error_message = "a bucket answers without TLS"
  }

  assert {
    condition     = length(aws_s3_bucket_policy.this) == length(aws_s3_bucket.this)
    error_message = "a bucket has no policy"
  }
}

run "landed_files_and_logs_go_after_their_time_and_the_lake_stays" {
  command = plan

  assert {
    condition = {
      for kind, each in aws_s3_bucket_lifecycle_configuration.this : kind => length(each.rule)
    } == { artifacts = 1, lake = 1, landing = 2, logs = 2 }
    error_message = "something else than landed files and logs expires"
  }
}

run "a_name_that_no_bucket_can_have_is_refused" {
  command = plan

  variables {
    name = "Headrace_Dev"
  }

  expect_failures = [var.name]
}

run "landed_files_are_kept_for_a_week_at_least" {
  command = plan

  variables {
    landing_days = 1
  }

  expect_failures = [var.landing_days]
}
