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

run "one_branch_of_one_repository_takes_it" {
  command = plan

  variables {
    identities           = [{ provider = "token.actions.githubusercontent.com", audience = "sts.amazonaws.com", subject = "repo:plant/lake:ref:refs/heads/main" }]
    permissions_boundary = "arn:aws:iam::123456789012:policy/bound"
  }

  assert {
    condition = {
      for each in one(data.aws_iam_policy_document.assume.statement).condition : each.variable => "${each.test} ${one(each.values)}"
      } == {
      "token.actions.githubusercontent.com:aud" = "StringEquals sts.amazonaws.com"
      "token.actions.githubusercontent.com:sub" = "StringEquals repo:plant/lake:ref:refs/heads/main"
    }
    error_message = "another repository or branch takes it"
  }

  assert {
    condition     = aws_iam_role.this.permissions_boundary == var.permissions_boundary
    error_message = "the role is not bounded"
  }
}

run "every_branch_is_refused" {
  command = plan

  variables {
    identities = [{ provider = "token.actions.githubusercontent.com", audience = "sts.amazonaws.com", subject = "repo:plant/lake:*" }]
  }

  expect_failures = [var.identities]
}

run "a_boundary_is_a_policy" {
  command = plan

  variables {
    permissions_boundary = "bound"
  }

  expect_failures = [var.permissions_boundary]
}
