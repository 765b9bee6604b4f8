mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  domains         = ["toy"]
  queries         = "./tests/queries"
  lock            = "./tests/lock.txt"
  prefect_api_url = "https://api.prefect.cloud/api/accounts/a/workspaces/b"
  dollars_a_month = 100
  emails          = ["operations@example.com"]
  worker_needs    = ["boto3", "prefect-aws"]
}

run "the_worker_has_what_was_tried" {
  command = plan

  assert {
    condition     = local.packages == ["boto3==1.2.3 \\\n    --hash=sha256:00\n", "prefect-aws[x]==0.7.12 \\\n    --hash=sha256:00\n"]
    error_message = "the worker installs other files than the lock file has"
  }
}

run "the_worker_knows_what_configure_hands_over" {
  command = apply

  assert {
    condition     = output.settings.engine == "emr" && output.settings.kafka_security == "iam"
    error_message = "jobs would run elsewhere"
  }

  assert {
    condition     = startswith(output.settings.lake_url, "s3://headrace-test-lake-")
    error_message = "tables would lie elsewhere"
  }

  assert {
    condition     = output.prefect.pool == "headrace"
    error_message = "flows are deployed to another pool than the worker serves"
  }
}

run "prefect_in_the_cloud_is_reached_by_https" {
  command = plan

  assert {
    condition     = local.prefect_port == 443
    error_message = "the worker goes out on another port"
  }

  assert {
    condition     = local.has_cluster && local.has_way_out
    error_message = "nothing would scale the cluster or end it"
  }
}

run "a_prefect_of_ones_own_is_reached" {
  command = plan

  variables {
    name            = "headrace-own"
    prefect_api_url = "http://prefect.internal:4200/api"
    has_way_out     = false
  }

  assert {
    condition     = local.prefect_port == 4200
    error_message = "the worker does not reach it"
  }

  assert {
    condition     = local.has_cluster && !local.has_way_out
    error_message = "there is a way out, though it was declined"
  }
}

run "a_prefect_without_a_port_has_the_usual_one" {
  command = plan

  variables {
    name            = "headrace-own"
    prefect_api_url = "http://prefect.internal/api"
  }

  assert {
    condition     = local.prefect_port == 80
    error_message = "the worker does not reach it"
  }
}

run "each_domain_has_its_runs" {
  command = plan

  variables {
    domains = ["toy", "other"]
  }

  assert {
    condition     = module.orchestration.runs_at_once == 28
    error_message = "runs that wait for their turn would hold up those of another domain"
  }
}

run "what_ends_runs_beside_what_stands" {
  command = apply

  variables {
    batch_kind = "serverless"
    schedules  = "paused"
  }

  assert {
    condition     = toset(keys(output.compute)) == toset(["cluster", "serverless"])
    error_message = "batch work would run among the standing job's"
  }

  assert {
    condition     = output.settings.emr_id == "" && output.settings.architecture == "arm64" && output.settings.schedules == "paused"
    error_message = "an id would be known by heart, packages packed for other machines, or schedules deployed active"
  }
}

run "batch_work_without_a_cluster_for_it_is_refused" {
  command = plan

  variables {
    compute_kind = "serverless"
    batch_kind   = "cluster"
  }

  expect_failures = [var.batch_kind]
}

run "serverless_in_the_place_of_a_cluster" {
  command = apply

  variables {
    compute_kind = "serverless"
  }

  assert {
    condition     = toset(keys(output.compute)) == toset(["serverless"])
    error_message = "the engine would look for a cluster"
  }

  assert {
    condition     = !local.has_cluster && !local.has_way_out
    error_message = "a way out is paid for that nobody takes"
  }
}

run "a_package_that_is_not_locked_is_refused" {
  command = plan

  variables {
    worker_needs = ["pandas"]
  }

  expect_failures = [var.worker_needs]
}

run "a_lock_file_is_asked_for" {
  command = plan

  variables {
    lock = "./tests/queries/toy/how-many.sql"
  }

  expect_failures = [var.lock]
}

run "more_core_nodes_than_nodes_are_refused" {
  command = plan

  variables {
    core_nodes = 5
  }

  expect_failures = [var.most_nodes]
}

run "data_that_was_never_applied_is_told" {
  command = plan

  variables {
    name = "headrace-other"
  }

  expect_failures = [data.aws_ssm_parameters_by_path.this]
}

run "the_data_of_another_environment_is_told" {
  command = plan

  override_data {
    target = data.aws_ssm_parameters_by_path.this
    values = {
      names  = ["/headrace-test/data"]
      values = ["{\"environment\":\"headrace-prod\"}"]
    }
  }

  expect_failures = [data.aws_ssm_parameters_by_path.this]
}

run "no_key_travels_in_the_open" {
  command = plan

  variables {
    prefect_api_url = "http://prefect.internal:4200/api"
  }

  expect_failures = [data.aws_ssm_parameters_by_path.this]
}

run "without_a_serving_database_the_budget_is_what_was_said" {
  command = plan

  assert {
    condition     = local.serving == null && module.guard.dollars_a_month == 100
    error_message = "the budget is another"
  }
}

run "a_serving_database_is_reached_watched_and_in_the_budget" {
  command = apply

  variables {
    name = "headrace-served"
  }

  assert {
    condition     = local.serving.group == "sg-5" && module.guard.dollars_a_month == 116
    error_message = "the budget would be spent by what was asked for"
  }
}
