mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "headrace-test"
  bucket_arns = {
    landing   = "arn:aws:s3:::test-landing"
    lake      = "arn:aws:s3:::test-lake"
    artifacts = "arn:aws:s3:::test-artifacts"
    logs      = "arn:aws:s3:::test-logs"
  }
  key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  kafka_cluster = "headrace-test"
  databases     = ["toy_bronze", "toy_silver", "toy_gold"]
  workgroup     = "headrace-test"
}

run "nobody_has_all_of_a_service" {
  command = plan

  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker, data.aws_iam_policy_document.reader] :
      alltrue([for statement in document.statement : alltrue([for action in statement.actions : !strcontains(action, "*")])])
    ])
    error_message = "an action stands for more than itself"
  }

  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker, data.aws_iam_policy_document.reader] :
      alltrue([for statement in document.statement : !contains(statement.resources, "*") || length(statement.condition) > 0])
    ])
    error_message = "a right holds for everything there is, without a condition"
  }
}

run "readers_read" {
  command = plan

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.reader.statement : alltrue([
        for action in statement.actions : !contains(["s3:DeleteObject", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"], action)
      ])
    ])
    error_message = "readers change things"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.reader.statement : alltrue([
        for resource in statement.resources : !strcontains(resource, "bronze") && !strcontains(resource, "test-landing")
      ])
    ])
    error_message = "readers see what is not judged yet"
  }
}

run "the_worker_touches_no_data" {
  command = plan

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.worker.statement : alltrue([
        for resource in statement.resources : !contains(["arn:aws:s3:::test-lake/*", "arn:aws:s3:::test-landing/*"], resource)
      ])
    ])
    error_message = "the worker reaches data"
  }
}

run "a_bucket_that_is_missing_is_told" {
  command = plan

  variables {
    bucket_arns = { lake = "arn:aws:s3:::test-lake" }
  }

  expect_failures = [var.bucket_arns]
}
