mock_provider "aws" {
  source = "../tests/mocks"
}

run "the_state_is_encrypted_closed_and_kept" {
  command = plan

  assert {
    condition     = aws_s3_bucket.state.bucket == "headrace-state-123456789012-eu-west-1"
    error_message = "two accounts would want the same bucket"
  }

  assert {
    condition     = one(one(aws_s3_bucket_server_side_encryption_configuration.state.rule).apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
    error_message = "the state is not encrypted"
  }

  assert {
    condition     = aws_s3_bucket_public_access_block.state.block_public_policy && aws_s3_bucket_public_access_block.state.restrict_public_buckets
    error_message = "the state is open to the public"
  }

  assert {
    condition     = aws_s3_bucket_versioning.state.versioning_configuration[0].status == "Enabled" && !aws_s3_bucket.state.force_destroy
    error_message = "a state that was overwritten or destroyed is gone"
  }
}

run "what_is_no_region_is_refused" {
  command = plan

  variables {
    region = "Ireland"
  }

  expect_failures = [var.region]
}
