mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  domains         = ["toy"]
  queries         = "./tests/queries"
  lock            = "./tests/lock.txt"
  prefect_api_url = "https://api.prefect.cloud/api/accounts/a/workspaces/b"
  prefect_api_key = "pnu_secret"
  dollars_a_month = 100
  worker_needs    = ["boto3", "prefect-aws"]
}

run "the_worker_has_what_was_tried" {
  command = plan

  assert {
    condition     = local.packages == ["boto3==1.2.3", "prefect-aws==0.7.12"]
    error_message = "the worker installs other versions than the lock file has"
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

run "serverless_throughout" {
  command = apply

  variables {
    stream  = { kind = "serverless" }
    compute = { kind = "serverless" }
  }

  assert {
    condition     = output.settings.emr_kind == "serverless"
    error_message = "the engine would look for a cluster"
  }
}
