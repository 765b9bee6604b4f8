mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  prefect_api_url = "https://api.prefect.cloud/api/accounts/a/workspaces/b"
  prefect_api_key = "pnu_secret"
  packages        = ["prefect-aws==0.7.12"]
  flows_bucket    = "headrace-test-artifacts"
  settings        = { HEADRACE_ENGINE = "emr" }
  subnets         = ["subnet-1", "subnet-2"]
  security_group  = "sg-1"
  worker_role_arn = "arn:aws:iam::123456789012:role/headrace-test-worker"
  key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "the_key_is_a_reference" {
  command = apply

  assert {
    condition     = !strcontains(aws_ecs_task_definition.worker.container_definitions, "pnu_secret")
    error_message = "the key stands in the task's definition"
  }

  assert {
    condition     = jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].secrets[0].valueFrom == "${aws_secretsmanager_secret.api_key[0].arn}:::${aws_secretsmanager_secret_version.api_key[0].version_id}"
    error_message = "the worker does not get its key, or not another one when it has changed"
  }

  assert {
    condition     = aws_secretsmanager_secret.api_key[0].kms_key_id == var.key_arn
    error_message = "the key lies under another key"
  }
}

run "the_worker_makes_its_pool_and_knows_its_settings" {
  command = apply

  assert {
    condition     = slice(jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].command, 3, 7) == ["--pool", "headrace", "--type", "process"]
    error_message = "the worker does not make the pool"
  }

  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].environment, { name = "HEADRACE_ENGINE", value = "emr" })
    error_message = "the worker does not know where jobs run"
  }
}

run "a_server_of_ones_own_needs_no_key" {
  command = apply

  variables {
    prefect_api_url = "http://prefect.internal:4200/api"
    has_api_key     = false
  }

  assert {
    condition     = length(aws_secretsmanager_secret.api_key) == 0
    error_message = "a secret is made for no key"
  }
}

run "sixteen_runs_have_their_memory" {
  command = plan

  variables {
    runs_at_once = 16
  }

  assert {
    condition     = [aws_ecs_task_definition.worker.cpu, aws_ecs_task_definition.worker.memory] == ["1024", "5120"]
    error_message = "runs side by side would be killed for want of memory, or Fargate refuses the size"
  }
}

run "forty_runs_have_more_cores_for_their_memory" {
  command = plan

  variables {
    runs_at_once = 40
  }

  assert {
    condition     = [aws_ecs_task_definition.worker.cpu, aws_ecs_task_definition.worker.memory] == ["2048", "11264"]
    error_message = "runs side by side would be killed for want of memory, or Fargate refuses the size"
  }
}

run "large_workers_have_memory_in_the_steps_of_fargate" {
  command = plan

  variables {
    runs_at_once = 124
  }

  assert {
    condition     = [aws_ecs_task_definition.worker.cpu, aws_ecs_task_definition.worker.memory] == ["8192", "32768"]
    error_message = "Fargate refuses the size"
  }
}

run "more_runs_than_fargate_holds_are_refused" {
  command = plan

  variables {
    runs_at_once = 479
  }

  expect_failures = [var.runs_at_once]
}

run "packages_without_a_version_are_refused" {
  command = plan

  variables {
    packages = ["prefect-aws"]
  }

  expect_failures = [var.packages]
}

run "an_image_of_any_day_is_refused" {
  command = plan

  variables {
    image = "prefecthq/prefect:3-latest:latest"
  }

  expect_failures = [var.image]
}

run "a_key_that_is_missing_is_told" {
  command = plan

  variables {
    prefect_api_key = null
  }

  expect_failures = [aws_secretsmanager_secret_version.api_key]
}

run "a_key_without_a_letter_is_refused" {
  command = plan

  variables {
    prefect_api_key = ""
  }

  expect_failures = [var.prefect_api_key]
}

run "a_version_before_the_first_is_refused" {
  command = plan

  variables {
    prefect_api_key_version = 0
  }

  expect_failures = [var.prefect_api_key_version]
}

run "a_subnet_is_no_network" {
  command = plan

  variables {
    subnets = ["vpc-1"]
  }

  expect_failures = [var.subnets]
}
