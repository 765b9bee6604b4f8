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
    condition     = alltrue([for each in module.bucket : each.promises.key_arn == aws_kms_key.this.arn && each.promises.algorithm == "aws:kms"])
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
      for kind, each in module.bucket : kind => each.promises.expire_days
    } == { artifacts = { "what-is-old-in-results/" = 90 }, lake = {}, landing = { "what-is-old" = 90 }, logs = { "what-is-old" = 90 } }
    error_message = "something else than landed files, logs and what jobs answered expires"
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
      length(each.condition) == 1 if length(setintersection(one(each.principals).identifiers, ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "logs.eu-west-1.amazonaws.com"])) > 0
    ])
    error_message = "a service may use the key on behalf of another account"
  }

  assert {
    condition = one([
      for each in data.aws_iam_policy_document.key.statement :
      one([for condition in each.condition : [condition.test, condition.variable, one(condition.values)]]) if each.sid == "LogGroups"
    ]) == ["ArnLike", "kms:EncryptionContext:aws:logs:arn", "arn:aws:logs:eu-west-1:123456789012:log-group:/headrace-test/*"]
    error_message = "log groups of others are encrypted with our key, or ours are not"
  }
}

run "accesses_are_logged_where_s3_delivers_them" {
  command = apply

  assert {
    condition     = toset([for each in aws_s3_bucket_logging.this : each.target_prefix]) == toset(["artifacts/", "lake/", "landing/", "logs/"])
    error_message = "of some bucket nobody knows who looked into it"
  }

  assert {
    condition     = alltrue([for each in aws_s3_bucket_logging.this : each.target_bucket == module.access_logs.name])
    error_message = "accesses are logged elsewhere"
  }

  assert {
    condition     = module.access_logs.promises.algorithm == "AES256" && module.access_logs.promises.key_arn == null
    error_message = "S3 delivers no logs to a bucket that is encrypted by KMS"
  }

  assert {
    condition     = module.access_logs.promises.is_closed && module.access_logs.promises.is_versioned && module.access_logs.promises.refuses == "Deny aws:SecureTransport"
    error_message = "logs of accesses are less safe than what they tell of"
  }

  assert {
    condition     = module.access_logs.promises.expire_days == { "what-is-old" = 90 }
    error_message = "logs of accesses are kept for another time than other logs"
  }

  assert {
    condition = toset([
      for each in one(data.aws_iam_policy_document.access_logs.statement).condition : each.variable
    ]) == toset(["aws:SourceAccount", "aws:SourceArn"])
    error_message = "anybody's bucket may log here"
  }

  assert {
    condition     = one(data.aws_iam_policy_document.access_logs.statement).resources == toset(["arn:aws:s3:::headrace-test-access-123456789012/*"])
    error_message = "logs may be written elsewhere"
  }
}

run "what_is_deleted_can_be_had_back_for_a_day_at_least" {
  command = plan

  variables {
    deleted_days = 0
  }

  expect_failures = [var.deleted_days]
}
