mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  prefect_api_key = "pnu_secret"
}

run "compute_learns_what_it_has_to_know_and_no_secret" {
  command = apply

  variables {
    is_disposable = true # else this test could not clean up after itself
  }

  assert {
    condition     = aws_ssm_parameter.handover.name == "/headrace-test/data" && jsondecode(nonsensitive(aws_ssm_parameter.handover.value)).environment == "headrace-test"
    error_message = "compute looks for another parameter, or takes it for that of another environment"
  }

  assert {
    condition     = toset(keys(output.handover)) == toset(["environment", "key_arn", "buckets", "kafka", "network", "prefect_api_key"])
    error_message = "compute lacks something, or is told of more than it needs"
  }

  assert {
    condition     = !strcontains(nonsensitive(aws_ssm_parameter.handover.value), "pnu_secret")
    error_message = "Prefect's key can be read by whoever reads parameters"
  }

  assert {
    condition     = output.handover.prefect_api_key.arn == aws_secretsmanager_secret_version.prefect_api_key[0].arn
    error_message = "the worker would find no key"
  }

  assert {
    condition     = aws_secretsmanager_secret.prefect_api_key[0].kms_key_id == module.lake.key_arn
    error_message = "the key lies under another key"
  }
}

run "all_that_holds_data_is_kept" {
  command = plan

  assert {
    condition     = toset(output.protected) == toset(["Prefect's API key", "brokers", "bucket access", "bucket artifacts", "bucket lake", "bucket landing", "bucket logs", "key", "region"])
    error_message = "terraform destroy would take something"
  }

  assert {
    condition     = aws_secretsmanager_secret.prefect_api_key[0].recovery_window_in_days == 30
    error_message = "the key for Prefect's API is gone within a month"
  }
}

run "what_is_disposable_is_not_kept" {
  command = plan

  variables {
    is_disposable = true
  }

  assert {
    condition     = length(output.protected) == 0 && aws_secretsmanager_secret.prefect_api_key[0].recovery_window_in_days == 0
    error_message = "an environment to try things in cannot be removed, or not be made anew under its name"
  }
}

run "a_server_of_ones_own_needs_no_key" {
  command = plan

  variables {
    has_prefect_api_key = false
    prefect_api_key     = null
  }

  assert {
    condition     = length(aws_secretsmanager_secret.prefect_api_key) == 0 && !contains(output.protected, "Prefect's API key")
    error_message = "a secret is made for no key"
  }
}

run "a_key_that_is_missing_is_told" {
  command = plan

  variables {
    prefect_api_key = null
  }

  expect_failures = [aws_secretsmanager_secret_version.prefect_api_key]
}

run "a_key_without_a_letter_is_refused" {
  command = plan

  variables {
    prefect_api_key = ""
  }

  expect_failures = [var.prefect_api_key]
}

run "a_version_before_the_first_is_refused" {
  command = plan

  variables {
    prefect_api_key_version = 0
  }

  expect_failures = [var.prefect_api_key_version]
}

run "a_name_too_long_for_its_buckets_is_refused" {
  command = plan

  variables {
    name = "headrace-of-the-whole-company"
  }

  expect_failures = [var.name]
}

run "a_producer_writes_to_its_topics_alone" {
  command = apply

  variables {
    is_disposable = true
    topics        = ["strokes"]
  }

  assert {
    condition = {
      for each in data.aws_iam_policy_document.producer.statement : each.sid => toset(each.resources)
      } == {
      Connect = toset([module.stream.arn])
      Write   = toset(["${replace(module.stream.arn, ":cluster/", ":topic/")}/strokes"])
    }
    error_message = "a producer reaches other topics, or not its own"
  }

  assert {
    condition = toset(flatten([for each in data.aws_iam_policy_document.producer.statement : each.actions])) == toset([
      "kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:DescribeTopic", "kafka-cluster:WriteData", "kafka-cluster:WriteDataIdempotently",
    ])
    error_message = "a producer may do more than write, or not write"
  }
}

run "without_topics_a_producer_writes_nothing" {
  command = plan

  assert {
    condition     = [for each in data.aws_iam_policy_document.producer.statement : each.sid] == ["Connect"]
    error_message = "topics are open that nobody named"
  }
}

run "small_brokers_take_no_other_accounts" {
  command = plan

  variables {
    producers = { security_groups = [], cidrs = [], accounts = ["210987654321"], roles = [] }
  }

  expect_failures = [var.producers]
}

run "who_may_take_the_role_is_an_arn" {
  command = plan

  variables {
    producers = { security_groups = [], cidrs = [], accounts = [], roles = ["gateway"] }
  }

  expect_failures = [var.producers]
}

run "a_topic_with_a_slash_is_refused" {
  command = plan

  variables {
    topics = ["plant/strokes"]
  }

  expect_failures = [var.topics]
}

run "compute_learns_of_a_serving_database_and_not_its_password" {
  command = apply

  variables {
    is_disposable        = true
    has_serving_database = true
  }

  assert {
    condition     = output.handover.serving.secret_arn == output.serving_database.secret_arn && output.handover.serving.group == output.serving_database.security_group
    error_message = "the worker would look for its password elsewhere, or be let in elsewhere"
  }

  assert {
    condition     = !strcontains(output.serving_database.url, ":@") && length(regexall("password", nonsensitive(aws_ssm_parameter.handover.value))) == 0
    error_message = "a password is told"
  }
}

run "a_disk_of_the_serving_database_that_shrinks_is_refused" {
  command = plan

  variables {
    serving_gb      = 100
    most_serving_gb = 50
  }

  expect_failures = [var.most_serving_gb]
}
