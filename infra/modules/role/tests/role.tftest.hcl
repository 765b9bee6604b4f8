mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "headrace-test-any"
  account = "123456789012"
  policy  = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
}

run "a_service_takes_it_for_our_account_only" {
  command = plan

  variables {
    services = ["ecs-tasks.amazonaws.com"]
  }

  assert {
    condition     = one(data.aws_iam_policy_document.assume.statement[0].condition).variable == "aws:SourceAccount"
    error_message = "a service may take it on behalf of another account"
  }

  assert {
    condition     = aws_iam_role.this.max_session_duration == 3600
    error_message = "it is taken for longer than was said"
  }
}

run "everybody_is_refused" {
  command = plan

  variables {
    principals = ["*"]
  }

  expect_failures = [var.principals]
}

run "what_is_no_service_is_refused" {
  command = plan

  variables {
    services = ["ec2"]
  }

  expect_failures = [var.services]
}

run "a_policy_without_statements_is_refused" {
  command = plan

  variables {
    policy = "{}"
  }

  expect_failures = [var.policy]
}

run "an_account_has_twelve_digits" {
  command = plan

  variables {
    account = "1234"
  }

  expect_failures = [var.account]
}
