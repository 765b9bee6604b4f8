mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name           = "headrace-test"
  domains        = ["toy", "other"]
  lake_bucket    = "test-lake"
  results_bucket = "test-logs"
  key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  queries        = "./tests/queries"
}

run "databases_are_named_as_people_type_them" {
  command = plan

  assert {
    condition = toset(keys(aws_glue_catalog_database.this)) == toset([
      "toy_bronze", "toy_silver", "toy_gold", "other_bronze", "other_silver", "other_gold",
    ])
    error_message = "not a database for each domain and layer"
  }

  assert {
    condition     = aws_glue_catalog_database.this["toy_gold"].location_uri == "s3://test-lake/toy/gold/"
    error_message = "a database does not lie where its tables do"
  }
}

run "a_query_has_a_limit_and_its_answer_is_encrypted" {
  command = plan

  assert {
    condition     = one(aws_athena_workgroup.this["readers"].configuration).bytes_scanned_cutoff_per_query == 10 * 1024 * 1024 * 1024
    error_message = "a query may read more than was said"
  }

  assert {
    condition     = one(aws_athena_workgroup.this["readers"].configuration).enforce_workgroup_configuration
    error_message = "whoever asks may set the limit aside"
  }

  assert {
    condition     = one(one(one(aws_athena_workgroup.this["readers"].configuration).result_configuration).encryption_configuration).kms_key_arn == var.key_arn
    error_message = "answers lie under another key"
  }
}

run "a_question_comes_with_its_query" {
  command = plan

  assert {
    condition     = aws_athena_named_query.this["toy-how-many"].description == "How many?"
    error_message = "a named query does not say what it asks"
  }

  assert {
    condition     = length(aws_athena_named_query.this) == 1
    error_message = "there are other queries than the folder has"
  }
}

run "a_question_asks_the_databases_of_its_environment" {
  command = plan

  variables {
    prefix = "dev_"
  }

  assert {
    condition     = strcontains(aws_athena_named_query.this["toy-how-many"].query, "FROM dev_toy_gold.things")
    error_message = "a named query asks another environment, or nobody"
  }
}

run "without_a_prefix_a_question_stays_as_it_is_written" {
  command = plan

  assert {
    condition     = aws_athena_named_query.this["toy-how-many"].query == file("./tests/queries/toy/how-many.sql")
    error_message = "a named query is not the one in the folder"
  }
}

run "a_domain_nobody_can_type_is_refused" {
  command = plan

  variables {
    domains = ["To-Y"]
  }

  expect_failures = [var.domains]
}

run "a_folder_without_queries_is_refused" {
  command = plan

  variables {
    queries = "./nowhere"
  }

  expect_failures = [var.queries]
}

run "a_bucket_is_no_url" {
  command = plan

  variables {
    lake_bucket = "s3://test-lake"
  }

  expect_failures = [var.lake_bucket]
}

run "a_group_of_readers_has_its_own_place_for_answers" {
  command = plan

  variables {
    reader_groups = ["finance"]
  }

  assert {
    condition = {
      for each in aws_athena_workgroup.this : each.name => [each.configuration[0].enforce_workgroup_configuration, each.configuration[0].result_configuration[0].output_location]
      } == {
      headrace-test         = [true, "s3://${var.results_bucket}/athena/readers/"]
      headrace-test-finance = [true, "s3://${var.results_bucket}/athena/finance/"]
    }
    error_message = "a group's answers lie where others read"
  }
}

run "a_group_with_a_hyphen_is_refused" {
  command = plan

  variables {
    reader_groups = ["the-readers"]
  }

  expect_failures = [var.reader_groups]
}
