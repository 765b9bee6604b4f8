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
  domains       = ["toy", "other"]
  databases     = ["toy_bronze", "toy_silver", "toy_gold"]
  workgroup     = "headrace-test"
}

run "nobody_has_all_of_a_service" {
  command = plan

  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker, data.aws_iam_policy_document.reader["readers"], data.aws_iam_policy_document.deployer] :
      alltrue([for statement in document.statement : alltrue([for action in statement.actions : !strcontains(action, "*")])])
    ])
    error_message = "an action stands for more than itself"
  }

  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker, data.aws_iam_policy_document.reader["readers"], data.aws_iam_policy_document.deployer] :
      alltrue([for statement in document.statement : !contains(statement.resources, "*") || length(statement.condition) > 0])
    ])
    error_message = "a right holds for everything there is, without a condition"
  }
}

run "readers_read" {
  command = plan

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.reader["readers"].statement : alltrue([
        for action in statement.actions : !contains(["s3:DeleteObject", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable"], action)
      ])
    ])
    error_message = "readers change things"
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.reader["readers"].statement : [
        for resource in statement.resources : resource if startswith(resource, "arn:aws:s3:::") && length(regexall("athena", resource)) == 0
      ] if contains(statement.actions, "s3:GetObject")
      ])) == toset([
      "arn:aws:s3:::test-lake/other/gold/*",
      "arn:aws:s3:::test-lake/other/silver/*",
      "arn:aws:s3:::test-lake/toy/gold/*",
      "arn:aws:s3:::test-lake/toy/silver/*",
    ])
    error_message = "readers read other files than those of silver and gold"
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.reader["readers"].statement : [for condition in statement.condition : condition.values if condition.variable == "s3:prefix"] if contains(statement.actions, "s3:ListBucket")
    ])) == toset(["athena/readers/*", "other/gold/*", "other/silver/*", "toy/gold/*", "toy/silver/*"])
    error_message = "readers find other files than those of silver and gold, and answers"
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.reader["readers"].statement : [
        for resource in statement.resources : split(":", resource)[5] if startswith(resource, "arn:aws:glue:")
      ]
    ])) == toset(["catalog", "database/default", "database/toy_silver", "database/toy_gold", "table/toy_silver/*", "table/toy_gold/*"])
    error_message = "readers find other tables than those of silver and gold"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.reader["readers"].statement : alltrue([
        for resource in statement.resources : !strcontains(resource, "test-landing") && !strcontains(resource, "test-artifacts")
      ])
    ])
    error_message = "readers see what is not judged yet"
  }
}

run "the_worker_looks_at_its_runs_and_ends_them" {
  command = plan

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.worker.statement :
      alltrue([for resource in statement.resources : endswith(resource, "/jobruns/*")]) && one(statement.condition).variable == "aws:ResourceTag/environment"
      if contains(statement.actions, "emr-serverless:GetJobRun") || contains(statement.actions, "emr-serverless:CancelJobRun")
    ])
    error_message = "a run does not carry its application's tags"
  }

  assert {
    condition = {
      for condition in one([
        for statement in data.aws_iam_policy_document.worker.statement : statement if contains(statement.actions, "emr-serverless:TagResource")
      ]).condition : condition.variable => "${condition.test} ${one(condition.values)}"
    } == { "aws:RequestTag/environment" = "StringEquals headrace-test", "aws:ResourceTag/environment" = "Null true" }
    error_message = "the worker cannot tag its runs, or can tag those of others"
  }
}

run "readers_may_come_by_jdbc_and_odbc" {
  command = plan

  assert {
    condition = length(setsubtract([
      "athena:GetDataCatalog",
      "athena:GetDatabase",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetQueryResultsStream",
      "athena:GetTableMetadata",
      "athena:GetWorkGroup",
      "athena:ListDataCatalogs",
      "athena:ListDatabases",
      "athena:ListTableMetadata",
      "athena:ListWorkGroups",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
      "glue:GetDatabases",
      "glue:GetTables",
    ], flatten(data.aws_iam_policy_document.reader["readers"].statement[*].actions))) == 0
    error_message = "a driver is refused what it looks for before it asks"
  }

  assert {
    condition = alltrue([
      for statement in data.aws_iam_policy_document.reader["readers"].statement :
      toset(statement.resources) == toset(["*"]) if contains(statement.actions, "athena:ListWorkGroups")
    ])
    error_message = "workgroups are listed for an account or not at all"
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

run "the_worker_brings_no_code_and_the_deployer_nothing_else" {
  command = plan

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.worker.statement : statement.resources if contains(statement.actions, "s3:PutObject")
    ])) == toset(["arn:aws:s3:::test-lake/_heartbeats/*"])
    error_message = "whoever controls Prefect brings code of their own, and with it owns the lake"
  }

  assert {
    condition = toset(flatten([
      for statement in data.aws_iam_policy_document.deployer.statement : statement.resources if contains(statement.actions, "s3:PutObject")
    ])) == toset(["arn:aws:s3:::test-artifacts/code/*", "arn:aws:s3:::test-artifacts/flows/*"])
    error_message = "code cannot be brought, or more than code"
  }
}

run "github_deploys_from_one_branch_and_then_nobody_else" {
  command = plan

  variables {
    github = { repository = "plant/lake", branch = "main" }
  }

  assert {
    condition     = length(module.deployer.taken_by.principals) == 0 && join(" ", module.deployer.taken_by.subjects) == "repo:plant/lake:ref:refs/heads/main"
    error_message = "others bring code, too"
  }
}

run "a_group_of_readers_sees_its_own_answers" {
  command = plan

  variables {
    reader_groups = { finance = ["arn:aws:iam::123456789012:role/finance"] }
  }

  assert {
    condition = {
      for group, document in data.aws_iam_policy_document.reader : group => toset(flatten([
        for statement in document.statement : [for resource in statement.resources : resource if strcontains(resource, "test-logs/") || strcontains(resource, ":workgroup/")]
      ]))
      } == {
      readers = toset(["arn:aws:athena:eu-west-1:123456789012:workgroup/headrace-test", "arn:aws:s3:::test-logs/athena/readers/*"])
      finance = toset(["arn:aws:athena:eu-west-1:123456789012:workgroup/headrace-test-finance", "arn:aws:s3:::test-logs/athena/finance/*"])
    }
    error_message = "a group sees what another was answered"
  }
}

run "no_bucket_of_another_account_is_taken_for_ours" {
  command = plan

  assert {
    condition = alltrue(flatten([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker, data.aws_iam_policy_document.reader["readers"], data.aws_iam_policy_document.deployer] : [
        for statement in document.statement : contains([for condition in statement.condition : condition.variable], "aws:ResourceAccount") if anytrue([for action in statement.actions : startswith(action, "s3:")])
      ]
    ]))
    error_message = "a bucket that somebody else made under one of our names would be written to"
  }
}

run "a_group_called_readers_is_refused" {
  command = plan

  variables {
    reader_groups = { readers = [] }
  }

  expect_failures = [var.reader_groups]
}

run "all_branches_are_refused" {
  command = plan

  variables {
    github = { repository = "plant/lake", branch = "*" }
  }

  expect_failures = [var.github]
}

run "a_deployer_without_an_arn_is_refused" {
  command = plan

  variables {
    deployers = ["somebody"]
  }

  expect_failures = [var.deployers]
}

run "a_bucket_that_is_missing_is_told" {
  command = plan

  variables {
    bucket_arns = { lake = "arn:aws:s3:::test-lake" }
  }

  expect_failures = [var.bucket_arns]
}

run "a_database_without_a_layer_is_refused" {
  command = plan

  variables {
    databases = ["toy"]
  }

  expect_failures = [var.databases]
}

run "a_reader_without_an_arn_is_refused" {
  command = plan

  variables {
    readers = ["somebody"]
  }

  expect_failures = [var.readers]
}

run "a_namespace_of_aws_is_refused" {
  command = plan

  variables {
    metrics_namespace = "AWS/EMR"
  }

  expect_failures = [var.metrics_namespace]
}

run "without_a_serving_database_the_worker_reads_no_data" {
  command = plan

  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker] :
      length(setintersection([for each in document.statement : each.sid], ["ServingPassword", "ServingConnect", "WhatIsServed"])) == 0
    ])
    error_message = "rights are given for a database that is not there"
  }
}

run "job_and_worker_reach_the_serving_database" {
  command = plan

  variables {
    serving = { secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-any", resource_id = "db-ABC", iam_user = "headrace_serve" }
  }

  assert {
    condition = alltrue([
      for document in [data.aws_iam_policy_document.job, data.aws_iam_policy_document.worker] : {
        for each in document.statement : each.sid => "${one(each.actions)} ${one(each.resources)}" if startswith(coalesce(each.sid, "none"), "Serving")
        } == {
        ServingPassword = "secretsmanager:GetSecretValue arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-any"
        ServingConnect  = "rds-db:connect arn:aws:rds-db:eu-west-1:123456789012:dbuser:db-ABC/headrace_serve"
      }
    ])
    error_message = "who fills it does not get in, or gets into more"
  }

  assert {
    condition = toset(flatten([for each in data.aws_iam_policy_document.worker.statement : each.resources if each.sid == "WhatIsServed"])) == toset([
      "arn:aws:s3:::test-lake/other/gold/*",
      "arn:aws:s3:::test-lake/other/silver/*",
      "arn:aws:s3:::test-lake/toy/gold/*",
      "arn:aws:s3:::test-lake/toy/silver/*",
      "arn:aws:s3:::test-lake/_published/*",
    ])
    error_message = "the worker reads other data than readers do, and which versions are good"
  }

  assert {
    condition = length(setintersection(flatten([
      for document in [data.aws_iam_policy_document.reader["readers"], data.aws_iam_policy_document.deployer] : [for each in document.statement : each.sid]
    ]), ["ServingPassword", "ServingConnect"])) == 0
    error_message = "others come in as its master"
  }
}

run "a_serving_database_without_a_secret_is_refused" {
  command = plan

  variables {
    serving = { secret_arn = "password", resource_id = "db-ABC", iam_user = "headrace_serve" }
  }

  expect_failures = [var.serving]
}
