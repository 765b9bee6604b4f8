mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name         = "headrace-test-any"
  deleted_days = 30
  key_arn      = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "it_is_encrypted_closed_and_kept" {
  command = apply

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id == var.key_arn
    error_message = "the bucket is encrypted with another key"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    error_message = "the bucket is open to the public"
  }

  assert {
    condition     = data.aws_iam_policy_document.this.statement[0].effect == "Deny" && one(data.aws_iam_policy_document.this.statement[0].condition).variable == "aws:SecureTransport"
    error_message = "the bucket answers without TLS"
  }

  assert {
    condition     = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled" && !aws_s3_bucket.this.force_destroy
    error_message = "what was overwritten or destroyed is gone"
  }

  assert {
    condition     = length(aws_s3_bucket_lifecycle_configuration.this.rule) == 1
    error_message = "what is current expires though nobody said so"
  }
}

run "what_is_deleted_can_be_had_back_for_a_day_at_least" {
  command = plan

  variables {
    deleted_days = 0
  }

  expect_failures = [var.deleted_days]
}

run "some_of_it_expires_before_the_rest" {
  command = plan

  variables {
    expire_days = { "results/" = 90, "" = 365 }
  }

  assert {
    condition     = output.promises.expire_days == { "what-is-old" = 365, "what-is-old-in-results/" = 90 }
    error_message = "something else expires, or at another time"
  }

  assert {
    condition     = one([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : one(rule.filter).prefix if rule.id == "what-is-old-in-results/"]) == "results/"
    error_message = "all of it expires with some of it"
  }
}

run "without_kms_s3_encrypts_it_by_itself" {
  command = plan

  variables {
    key_arn = null
    has_kms = false
  }

  assert {
    condition     = output.promises.algorithm == "AES256"
    error_message = "S3 would deliver no logs of accesses here"
  }
}

run "a_key_without_kms_is_refused" {
  command = plan

  variables {
    has_kms = false
  }

  expect_failures = [var.has_kms]
}

run "days_below_one_are_refused" {
  command = plan

  variables {
    expire_days = { "" = 0 }
  }

  expect_failures = [var.expire_days]
}

run "a_policy_without_statements_is_refused" {
  command = plan

  variables {
    more_policies = ["{}"]
  }

  expect_failures = [var.more_policies]
}

run "a_key_by_its_alias_is_refused" {
  command = plan

  variables {
    key_arn = "alias/headrace"
  }

  expect_failures = [var.key_arn]
}

run "all_of_it_is_no_place" {
  command = plan

  variables {
    deleted_days_in = { "" = 1 }
  }

  expect_failures = [var.deleted_days_in]
}
