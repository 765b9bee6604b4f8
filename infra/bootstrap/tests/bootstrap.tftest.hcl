mock_provider "aws" {
  source = "../tests/mocks"
}

run "the_state_is_encrypted_closed_and_kept" {
  command = plan

  assert {
    condition     = module.state.name == "headrace-state-123456789012-eu-west-1"
    error_message = "two accounts would want the same bucket"
  }

  assert {
    condition     = module.state.promises.algorithm == "aws:kms"
    error_message = "the state is not encrypted"
  }

  assert {
    condition     = module.state.promises.is_closed
    error_message = "the state is open to the public"
  }

  assert {
    condition     = module.state.promises.is_versioned && !module.state.promises.is_disposable
    error_message = "a state that was overwritten or destroyed is gone"
  }
}

run "what_is_no_region_is_refused" {
  command = plan

  variables {
    region = "Ireland"
  }

  expect_failures = [var.region]
}

run "an_environment_is_told_where_the_state_lies" {
  command = plan

  variables {
    region = "eu-central-1"
  }

  assert {
    condition     = output.init == "terraform init -backend-config=bucket=headrace-state-123456789012-eu-central-1 -backend-config=region=eu-central-1"
    error_message = "an environment would look for its state elsewhere"
  }
}
