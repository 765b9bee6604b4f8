mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name            = "headrace-test"
  prefect_api_url = "https://api.prefect.cloud/api/accounts/a/workspaces/b"
  prefect_api_key = { arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:any", version = "v1" }
  packages        = ["prefect-aws==0.7.12 \\\n    --hash=sha256:aa\n"]
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
    condition     = jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].secrets[0].valueFrom == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:any:::v1"
    error_message = "the worker does not get its key, or not another one when it has changed"
  }

  assert {
    condition     = toset([for each in data.aws_iam_policy_document.starts.statement : each.sid]) == toset(["Log", "ApiKey", "OurKey"])
    error_message = "whoever starts the worker may not read its key"
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

run "it_installs_what_was_tried_byte_for_byte" {
  command = apply

  assert {
    condition     = contains(jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].environment, { name = "NEEDS", value = base64gzip(var.packages[0]) })
    error_message = "the worker does not get the hashes"
  }

  assert {
    condition     = strcontains(local.environment.EXTRA_PIP_PACKAGES, "--require-hashes") && strcontains(local.environment.EXTRA_PIP_PACKAGES, "--no-deps")
    error_message = "an index decides what is installed"
  }
}

run "an_image_that_has_all_installs_nothing" {
  command = apply

  variables {
    image    = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/worker@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    packages = []
  }

  assert {
    condition     = alltrue([for each in jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].environment : !contains(["NEEDS", "EXTRA_PIP_PACKAGES"], each.name)])
    error_message = "something is installed nevertheless"
  }
}

run "more_hashes_than_a_task_holds_are_refused" {
  command = plan

  variables {
    packages = [for number in range(1000) : "p${number}==1 --hash=sha256:${sha256(number)} --hash=sha256:${sha256("${number}b")}"]
  }

  expect_failures = [aws_ecs_task_definition.worker]
}

run "a_new_worker_works_before_the_old_one_goes" {
  command = apply

  assert {
    condition     = aws_ecs_service.worker.deployment_minimum_healthy_percent == 100 && aws_ecs_service.worker.deployment_maximum_percent == 200
    error_message = "nobody takes runs while a worker is replaced"
  }

  assert {
    condition     = !contains(local.begins, "-g") && jsondecode(aws_ecs_task_definition.worker.container_definitions)[0].stopTimeout == 120
    error_message = "runs are ended along with their worker"
  }
}

run "the_log_of_its_figures_is_ours" {
  command = plan

  assert {
    condition     = aws_cloudwatch_log_group.insights.name == "/aws/ecs/containerinsights/${aws_ecs_cluster.this.name}/performance"
    error_message = "ECS makes one by itself, which nobody destroys"
  }
}

run "graviton_is_the_default_and_can_be_declined" {
  command = plan

  variables {
    architecture = "x86_64"
  }

  assert {
    condition     = one(aws_ecs_task_definition.worker.runtime_platform).cpu_architecture == "X86_64" && local.versions.architecture == "arm64"
    error_message = "the worker runs on another machine than was said"
  }
}

run "a_server_of_ones_own_needs_no_key" {
  command = plan

  variables {
    prefect_api_url = "http://prefect.internal:4200/api"
    prefect_api_key = null
  }

  assert {
    condition     = toset([for each in data.aws_iam_policy_document.starts.statement : each.sid]) == toset(["Log"])
    error_message = "a key is looked for where there is none"
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

run "packages_without_hashes_are_refused" {
  command = plan

  variables {
    packages = ["prefect-aws==0.7.12"]
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

run "an_architecture_that_is_none_is_refused" {
  command = plan

  variables {
    architecture = "ARM64"
  }

  expect_failures = [var.architecture]
}

run "a_key_in_the_open_is_refused" {
  command = plan

  variables {
    prefect_api_key = { arn = "pnu_secret", version = "v1" }
  }

  expect_failures = [var.prefect_api_key]
}

run "a_subnet_is_no_network" {
  command = plan

  variables {
    subnets = ["vpc-1"]
  }

  expect_failures = [var.subnets]
}
