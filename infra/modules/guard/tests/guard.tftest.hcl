mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  emails          = ["operations@example.com"]
  dollars_a_month = 200
  streamed        = ["toy"]
  compute_kind    = "cluster"
  compute_id      = "j-123"
  worker          = { cluster = "headrace-test", service = "headrace-test-worker" }
  key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "a_job_that_falls_silent_is_told_and_one_that_never_began_is_not" {
  command = apply

  assert {
    condition     = aws_cloudwatch_metric_alarm.heartbeat["toy"].treat_missing_data == "missing"
    error_message = "a job that never began raises an alarm"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.heartbeat["toy"].insufficient_data_actions == toset([aws_sns_topic.this.arn])
    error_message = "a job that is dead raises no alarm"
  }
}

run "the_budget_counts_the_account_until_its_tags_are_counted" {
  command = plan

  assert {
    condition     = length(aws_budgets_budget.this.cost_filter) == 0
    error_message = "a budget of a tag that nobody counts sees nothing"
  }
}

run "the_budget_counts_its_environment" {
  command = plan

  variables {
    has_cost_tags = true
  }

  assert {
    condition     = one(aws_budgets_budget.this.cost_filter).name == "TagKeyValue" && one(aws_budgets_budget.this.cost_filter).values == tolist(["user:environment$headrace-test"])
    error_message = "the budget counts others, too"
  }
}

run "a_worker_that_is_down_is_told_without_it" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.worker.dimensions == tomap({ ClusterName = "headrace-test", ServiceName = "headrace-test-worker" })
    error_message = "another service is watched"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.worker.treat_missing_data == "breaching"
    error_message = "a worker of which nothing is heard raises no alarm"
  }
}

run "failed_steps_are_told" {
  command = plan

  assert {
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.failed.event_pattern).detail.state, "FAILED")
    error_message = "a failed step is not told"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed.event_pattern).detail.clusterId == ["j-123"]
    error_message = "steps of another cluster are told"
  }

  assert {
    condition = anytrue([
      for each in data.aws_iam_policy_document.topic.statement :
      contains(one(each.principals).identifiers, "events.amazonaws.com") && length(each.condition) == 0
    ])
    error_message = "the topic takes nothing from EventBridge, which says not for whom"
  }
}

run "others_tell_for_our_account_only" {
  command = plan

  assert {
    condition = alltrue([
      for each in data.aws_iam_policy_document.topic.statement :
      one(each.condition).variable == "aws:SourceAccount" if !contains(one(each.principals).identifiers, "events.amazonaws.com")
    ])
    error_message = "another account's alarms are told here"
  }
}

run "all_is_told_under_our_key" {
  command = plan

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.key_arn
    error_message = "messages lie under another key"
  }

  assert {
    condition     = aws_budgets_budget.this.limit_amount == "200"
    error_message = "the budget is another"
  }
}

run "serverless_does_not_idle" {
  command = plan

  variables {
    compute_kind = "serverless"
    compute_id   = "00f1"
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.idle) == 0
    error_message = "an application that sleeps counts as idle"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed.event_pattern).source == ["aws.emr-serverless"]
    error_message = "failed runs are not told"
  }
}

run "no_budget_is_refused" {
  command = plan

  variables {
    dollars_a_month = 0.5
  }

  expect_failures = [var.dollars_a_month]
}

run "what_is_neither_cluster_nor_application_is_refused" {
  command = plan

  variables {
    compute_id = "arn:aws:emr"
  }

  expect_failures = [var.compute_id]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Headrace"
  }

  expect_failures = [var.name]
}
