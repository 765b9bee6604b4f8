mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  emails          = ["operations@example.com"]
  dollars_a_month = 200
  streamed        = ["toy"]
  compute         = { cluster = "j-123" }
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

run "budgets_count_the_account_where_its_tags_are_not_counted" {
  command = plan

  variables {
    has_cost_tags = false
  }

  assert {
    condition     = alltrue([for each in aws_budgets_budget.this : length(each.cost_filter) == 0])
    error_message = "a budget of a tag that nobody counts sees nothing"
  }
}

run "budgets_count_their_environment" {
  command = plan

  assert {
    condition     = alltrue([for each in aws_budgets_budget.this : one(each.cost_filter).name == "TagKeyValue" && one(each.cost_filter).values == tolist(["user:environment$headrace-test"])])
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
    condition     = contains(jsondecode(aws_cloudwatch_event_rule.failed["cluster"].event_pattern).detail.state, "FAILED")
    error_message = "a failed step is not told"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed["cluster"].event_pattern).detail.clusterId == ["j-123"]
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
    condition     = aws_budgets_budget.this["month"].limit_amount == "200"
    error_message = "the budget is another"
  }
}

run "a_bad_day_is_told_before_it_is_a_bad_month" {
  command = plan

  assert {
    condition     = aws_budgets_budget.this["day"].time_unit == "DAILY" && aws_budgets_budget.this["day"].limit_amount == "14"
    error_message = "a day may cost another amount than twice its share of the month"
  }

  assert {
    condition     = [for each in aws_budgets_budget.this["day"].notification : each.notification_type] == ["ACTUAL"]
    error_message = "AWS forecasts no day"
  }
}

run "a_day_has_an_amount_of_its_own" {
  command = plan

  variables {
    dollars_a_day = 50
  }

  assert {
    condition     = aws_budgets_budget.this["day"].limit_amount == "50"
    error_message = "a day may cost another amount than was said"
  }
}

run "the_worst_broker_counts" {
  command = plan

  variables {
    brokers = 2
  }

  assert {
    condition     = [for each in aws_cloudwatch_metric_alarm.brokers["cpu"].metric_query : each.expression if each.id == "worst"] == ["MAX([cpuuser1 + cpusystem1, cpuuser2 + cpusystem2])"]
    error_message = "the CPU of a broker is not watched, or half of it"
  }

  assert {
    condition = toset([
      for each in aws_cloudwatch_metric_alarm.brokers["under-replicated"].metric_query : one(each.metric).dimensions["Broker ID"] if each.id != "worst"
    ]) == toset(["1", "2"])
    error_message = "copies that a broker lacks are not told"
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.offline[0].dimensions == tomap({ "Cluster Name" = "headrace-test" })
    error_message = "partitions without a leader are not told"
  }
}

run "a_full_disk_is_told" {
  command = plan

  variables {
    brokers = 3
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_metric_alarm.disks)) == toset(["1", "2", "3"])
    error_message = "the disk of a broker is not watched"
  }
}

run "without_brokers_none_are_watched" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.brokers) + length(aws_cloudwatch_metric_alarm.offline) == 0
    error_message = "an alarm waits for what nobody says"
  }
}

run "nodes_in_trouble_are_told" {
  command = plan

  assert {
    condition     = toset([for each in aws_cloudwatch_metric_alarm.nodes : each.metric_name]) == toset(["MRUnhealthyNodes", "MRLostNodes", "ContainerPending", "HDFSUtilization"])
    error_message = "nodes that are ill or lost, executors that wait or disks that are full are not told"
  }

  assert {
    condition     = alltrue([for each in aws_cloudwatch_metric_alarm.nodes : each.dimensions == tomap({ JobFlowId = "j-123" })])
    error_message = "another cluster is watched"
  }
}

run "one_page_shows_it_all" {
  command = plan

  variables {
    brokers = 3
  }

  assert {
    condition = alltrue([
      for each in ["AWS/Kafka", "AWS/ElasticMapReduce", "AWS/ECS", "Headrace", "AWS/Billing"] :
      strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "[\"${each}\",")
    ])
    error_message = "the page does not show brokers, nodes, worker, lag and cost"
  }

  assert {
    condition = length(distinct([
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [widget.x, widget.y]
    ])) == length(jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets)
    error_message = "one chart lies on another"
  }

  assert {
    condition     = aws_cloudwatch_dashboard.this.dashboard_name == "${var.name}-eu-west-1"
    error_message = "two regions of an account would write over each other's page"
  }
}

run "serverless_does_not_idle" {
  command = plan

  variables {
    compute = { serverless = "00f1" }
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.idle) + length(aws_cloudwatch_metric_alarm.nodes) == 0
    error_message = "an application that sleeps counts as idle"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.failed["serverless"].event_pattern).source == ["aws.emr-serverless"]
    error_message = "failed runs are not told"
  }
}

run "both_are_watched_where_there_are_both" {
  command = plan

  variables {
    compute = { cluster = "j-123", serverless = "00f1" }
  }

  assert {
    condition     = length(aws_cloudwatch_event_target.failed) == 2 && length(aws_cloudwatch_metric_alarm.nodes) == 4
    error_message = "failures of one of the two are told to nobody"
  }
}

run "nobody_to_tell_is_refused" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [var.emails]
}

run "a_day_for_nothing_is_refused" {
  command = plan

  variables {
    dollars_a_day = 0
  }

  expect_failures = [var.dollars_a_day]
}

run "half_a_broker_is_refused" {
  command = plan

  variables {
    brokers = 1.5
  }

  expect_failures = [var.brokers]
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
    compute = { cluster = "arn:aws:emr" }
  }

  expect_failures = [var.compute]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Headrace"
  }

  expect_failures = [var.name]
}

run "without_a_serving_database_none_is_watched" {
  command = plan

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.serving) == 0 && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "AWS/RDS")
    error_message = "an alarm waits for what nobody says"
  }
}

run "a_serving_database_that_is_busy_or_full_is_told" {
  command = apply

  variables {
    serving = { identifier = "headrace-test-serving", gb = 20 }
  }

  assert {
    condition = { for kind, each in aws_cloudwatch_metric_alarm.serving : kind => "${each.metric_name} ${each.comparison_operator} ${each.threshold}" } == {
      cpu     = "CPUUtilization GreaterThanThreshold 80"
      storage = "FreeStorageSpace LessThanThreshold ${2 * pow(1024, 3)}"
    }
    error_message = "another limit is watched than 80 % of its CPU and a tenth of its disk"
  }

  assert {
    condition     = alltrue([for each in aws_cloudwatch_metric_alarm.serving : each.dimensions == tomap({ DBInstanceIdentifier = "headrace-test-serving" }) && each.alarm_actions == toset([aws_sns_topic.this.arn])])
    error_message = "another database is watched, or nobody is told"
  }

  assert {
    condition     = strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "AWS/RDS")
    error_message = "the page does not show it"
  }
}

run "a_serving_database_without_a_disk_is_refused" {
  command = plan

  variables {
    serving = { identifier = "headrace-test-serving", gb = 0 }
  }

  expect_failures = [var.serving]
}
