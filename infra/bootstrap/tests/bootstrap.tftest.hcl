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

run "an_account_has_what_it_has_until_told" {
  command = plan

  assert {
    condition     = length(aws_iam_service_linked_role.this) + length(aws_iam_openid_connect_provider.github) == 0
    error_message = "what the account has already would be refused"
  }
}

run "roles_of_services_are_made_where_they_are_missing" {
  command = plan

  variables {
    service_linked_roles = ["elasticmapreduce.amazonaws.com", "spot.amazonaws.com"]
    has_github           = true
  }

  assert {
    condition     = toset([for each in aws_iam_service_linked_role.this : each.aws_service_name]) == var.service_linked_roles
    error_message = "a cluster could not start"
  }

  assert {
    condition     = aws_iam_openid_connect_provider.github[0].client_id_list == toset(["sts.amazonaws.com"])
    error_message = "tokens for others are taken"
  }
}

run "a_service_is_named_in_full" {
  command = plan

  variables {
    service_linked_roles = ["emr"]
  }

  expect_failures = [var.service_linked_roles]
}
