mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "headrace-test"
}

run "all_is_encrypted_closed_and_kept" {
  command = plan

  assert {
    condition     = toset(keys(module.bucket)) == toset(["landing", "lake", "artifacts", "logs"])
    error_message = "there are four buckets"
  }

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.is_closed])
    error_message = "a bucket is open to the public"
  }

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.is_versioned])
    error_message = "a bucket keeps no versions"
  }

  assert {
    condition     = alltrue([for each in module.bucket : !each.promises.is_disposable])
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
    condition     = alltrue([for each in module.bucket : each.promises.key_arn == aws_kms_key.this.arn])
    error_message = "a bucket is encrypted with another key"
  }

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.refuses == "Deny aws:SecureTransport"])
    error_message = "a bucket answers without TLS"
  }

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.has_policy])
    error_message = "a bucket has no policy"
  }
}

run "landed_files_and_logs_go_after_their_time_and_the_lake_stays" {
  command = plan

  assert {
    condition = {
      for kind, each in module.bucket : kind => each.promises.rules
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

run "what_events_tell_can_be_encrypted" {
  command = plan

  assert {
    condition = anytrue([
      for each in data.aws_iam_policy_document.key.statement :
      contains(one(each.principals).identifiers, "events.amazonaws.com") && contains(each.actions, "kms:Decrypt") && contains(each.actions, "kms:GenerateDataKey*") && length(each.condition) == 0
    ])
    error_message = "failed steps would be told to nobody"
  }

  assert {
    condition = alltrue([
      for each in data.aws_iam_policy_document.key.statement :
      length(each.condition) == 1 if length(setintersection(one(each.principals).identifiers, ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "logging.s3.amazonaws.com"])) > 0
    ])
    error_message = "a service may use the key on behalf of another account"
  }
}

run "what_is_deleted_can_be_had_back_for_a_day_at_least" {
  command = plan

  variables {
    deleted_days = 0
  }

  expect_failures = [var.deleted_days]
}
