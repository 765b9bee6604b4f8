mock_provider "aws" {
  source = "../../../tests/mocks"
}

variables {
  prefect_api_key = "pnu_secret"
}

run "it_can_be_planned_as_it_is" {
  command = plan

  assert {
    condition     = module.headrace.parameter == "/headrace-prod/data"
    error_message = "compute looks for it elsewhere"
  }
}

run "a_server_of_ones_own_needs_no_key" {
  command = plan

  variables {
    prefect_api_key     = null
    has_prefect_api_key = false
  }
}

run "serverless_in_the_place_of_brokers" {
  command = plan

  variables {
    stream_kind = "serverless"
  }
}

run "a_kind_that_is_none_is_refused" {
  command = plan

  variables {
    stream_kind = "serverles"
  }

  expect_failures = [var.stream_kind]
}

run "a_version_before_the_first_is_refused" {
  command = plan

  variables {
    prefect_api_key_version = 0
  }

  expect_failures = [var.prefect_api_key_version]
}

run "more_than_its_disks_take_is_refused" {
  command = plan

  variables {
    gb_an_hour = 72
  }

  expect_failures = [var.volume_gb]
}

run "what_holds_data_is_kept" {
  command = plan

  assert {
    condition     = length(module.headrace.protected) > 0
    error_message = "terraform destroy would take the data"
  }
}

run "producers_write_to_the_topics_of_the_contracts" {
  command = plan

  assert {
    condition     = module.headrace.producers.topics == toset(["sensor_readings"])
    error_message = "producers cannot send what the contracts say"
  }
}

run "there_is_no_serving_database_unless_it_is_asked_for" {
  command = plan

  assert {
    condition     = module.headrace.serving_database == null && !contains(keys(module.headrace.handover), "serving")
    error_message = "one is made, or compute looks for it"
  }
}

run "a_serving_database_is_planned" {
  command = plan

  variables {
    has_serving_database = true
    serving_clients      = ["sg-7"]
  }

  assert {
    condition     = module.headrace.serving_database.port == 5432 && ceil(module.headrace.handover.serving.dollars_a_month) == 298
    error_message = "it is of another size than docs/cloud.md says"
  }
}
