mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  prefect_api_url = "https://api.prefect.cloud/api/accounts/a/workspaces/b"
  emails          = ["operations@example.com"]
}

run "it_can_be_planned_as_it_is" {
  command = plan

  assert {
    condition     = module.headrace.settings.environment == "headrace-prod"
    error_message = "it has another environment's name"
  }
}

run "batch_work_runs_beside_the_standing_job" {
  command = plan

  assert {
    condition     = toset(keys(module.headrace.compute)) == toset(["cluster", "serverless"])
    error_message = "both share one node"
  }

  assert {
    condition     = var.main_nodes == 3 && module.headrace.settings.schedules == "active"
    error_message = "a person has to replace its primary node"
  }
}

run "nobody_to_tell_is_refused" {
  command = plan

  variables {
    emails = []
  }

  expect_failures = [var.emails]
}

run "serverless_in_the_place_of_a_cluster" {
  command = plan

  variables {
    compute_kind = "serverless"
  }

  assert {
    condition     = toset(keys(module.headrace.compute)) == toset(["serverless"])
    error_message = "there is a cluster"
  }
}

run "a_domain_that_is_not_there_is_refused" {
  command = plan

  variables {
    domains = ["no_such_domain"]
  }

  expect_failures = [var.domains]
}

run "more_core_nodes_than_nodes_are_refused" {
  command = plan

  variables {
    core_nodes = 50
  }

  expect_failures = [var.most_nodes]
}

run "less_than_a_dollar_is_refused" {
  command = plan

  variables {
    dollars_a_month = 0.5
  }

  expect_failures = [var.dollars_a_month]
}

run "a_page_of_prefect_is_no_api" {
  command = plan

  variables {
    prefect_api_url = "https://app.prefect.cloud/account/a/workspace/b"
  }

  expect_failures = [var.prefect_api_url]
}

run "a_reader_without_an_arn_is_refused" {
  command = plan

  variables {
    readers = ["somebody"]
  }

  expect_failures = [var.readers]
}
