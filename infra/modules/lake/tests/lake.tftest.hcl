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
    condition     = aws_kms_key.this[0].deletion_window_in_days == 30
    error_message = "who finds out late that the key is going can't stop it"
  }

  assert {
    condition     = aws_kms_key.this[0].enable_key_rotation
    error_message = "the key is never rotated"
  }
}

run "every_bucket_has_our_key_and_refuses_plain_http" {
  command = apply

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.key_arn == aws_kms_key.this[0].arn && each.promises.algorithm == "aws:kms"])
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
    } == { artifacts = { "what-is-old-in-results/" = 90 }, lake = { "what-is-old-in-_scratch/" = 1 }, landing = { "what-is-old" = 90 }, logs = { "what-is-old" = 90 } }
    error_message = "something else than landed files, logs, scratch and what jobs answered expires"
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
    condition     = one(data.aws_iam_policy_document.access_logs.statement).resources == toset(["arn:aws:s3:::headrace-test-access-123456789012-eu-west-1/*"])
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

run "a_key_that_is_there_is_taken" {
  command = plan

  variables {
    existing_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/99999999-2222-3333-4444-555555555555"
  }

  assert {
    condition     = length(aws_kms_key.this) == 0 && length(aws_kms_alias.this) == 0
    error_message = "there are two keys"
  }

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.key_arn == var.existing_key_arn]) && output.key_arn == var.existing_key_arn
    error_message = "a bucket is encrypted with another key"
  }
}

run "a_key_is_named_by_its_arn" {
  command = plan

  variables {
    existing_key_arn = "alias/ours"
  }

  expect_failures = [var.existing_key_arn]
}

run "what_is_written_every_second_goes_the_next_day" {
  command = plan

  assert {
    condition = module.bucket["lake"].promises.deleted_days == {
      "what-is-no-longer-current"                  = 30
      "what-is-no-longer-current-in-_checkpoints/" = 1
      "what-is-no-longer-current-in-_heartbeats/"  = 1
      "what-is-no-longer-current-in-_leases/"      = 1
      "what-is-no-longer-current-in-_requests/"    = 1
      "what-is-no-longer-current-in-_scratch/"     = 1
    }
    error_message = "millions of old heartbeats are kept, or a table's files are not"
  }

  assert {
    condition     = alltrue([for each in module.bucket : each.promises.drops_markers])
    error_message = "a marker stays for all that was ever deleted"
  }
}

run "accesses_to_objects_are_kept_where_that_is_asked_for" {
  command = plan

  assert {
    condition     = length(aws_cloudtrail.this) == 0
    error_message = "events are paid for that nobody asked for"
  }
}

run "who_read_the_lake_is_known" {
  command = apply

  variables {
    has_data_events = true
  }

  assert {
    condition = one([
      for each in aws_cloudtrail.this[0].advanced_event_selector[0].field_selector : toset(each.starts_with) if each.field == "resources.ARN"
    ]) == toset(["${module.bucket["lake"].arn}/", "${module.bucket["landing"].arn}/"])
    error_message = "who read the lake is not kept"
  }

  assert {
    condition     = aws_cloudtrail.this[0].kms_key_id == aws_kms_key.this[0].arn && contains(data.aws_iam_policy_document.key.statement[*].sid, "Trail")
    error_message = "the trail is not under our key, or may not use it"
  }

  assert {
    condition     = alltrue([for each in data.aws_iam_policy_document.trail.statement : contains([for condition in each.condition : condition.variable], "aws:SourceArn")])
    error_message = "anybody's trail writes here"
  }
}

run "the_key_is_for_our_log_groups_and_those_that_are_named" {
  command = plan

  variables {
    more_log_groups = ["/aws/rds/instance/headrace-test-serving/postgresql"]
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.key.statement : [for condition in statement.condition : [for value in condition.values : split(":", value)[6]]] if statement.sid == "LogGroups"
    ])) == toset(["/headrace-test/*", "/aws/rds/instance/headrace-test-serving/postgresql"])
    error_message = "other logs are encrypted with it, or not ours"
  }
}

run "a_log_group_of_everything_is_refused" {
  command = plan

  variables {
    more_log_groups = ["*"]
  }

  expect_failures = [var.more_log_groups]
}
