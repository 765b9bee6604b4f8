# The Prefect worker: the public image as it is, kept running by Fargate. It makes its work pool itself, pulls the flows
# from S3 and starts jobs elsewhere, so it is small and needs no Spark.

data "aws_region" "this" {}

locals {
  versions = yamldecode(file("${path.module}/../../../headrace/versions.yml"))
  image    = coalesce(var.image, "prefecthq/prefect:${local.versions.prefect}-python${local.versions.emr_python}")

  architecture = coalesce(var.architecture, local.versions.architecture)
  needs_file   = "/tmp/needs.txt"

  environment = merge(
    var.settings,
    {
      PREFECT_API_URL                  = var.prefect_api_url
      FLOWS_BUCKET                     = var.flows_bucket
      PREFECT_LOGGING_EXTRA_LOGGERS    = "headrace"
      PREFECT_SERVER_ANALYTICS_ENABLED = "false"
      AWS_REGION                       = data.aws_region.this.id
      AWS_DEFAULT_REGION               = data.aws_region.this.id
    },
    # Exactly these files, whatever else an index has by then: each is held against its hash, and nothing is resolved. The
    # image's own start installs what EXTRA_PIP_PACKAGES says.
    length(var.packages) == 0 ? {} : {
      NEEDS              = base64gzip(join("", var.packages))
      EXTRA_PIP_PACKAGES = "--no-deps --only-binary :all: --require-hashes -r ${local.needs_file}"
    },
  )

  # The image's own is `tini -g`, which ends the runs along with the worker. Told alone, the worker takes no more runs and
  # waits for those it has.
  begins = ["/usr/bin/tini", "--", "/bin/sh", "-c", "if [ -n \"$NEEDS\" ]; then printf %s \"$NEEDS\" | base64 -d | gunzip > ${local.needs_file}; fi; exec /opt/prefect/entrypoint.sh \"$@\"", "worker"]

  # A flow run takes about a quarter of a GB, the worker itself half a one. What Fargate has for how many cores:
  # https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
  needed_gb = max(2, ceil(0.25 * var.runs_at_once + 0.5))
  sizes = [
    { cores = 1, most_gb = 8, step_gb = 1 },
    { cores = 2, most_gb = 16, step_gb = 1 },
    { cores = 4, most_gb = 30, step_gb = 1 },
    { cores = 8, most_gb = 60, step_gb = 4 },
    { cores = 16, most_gb = 120, step_gb = 8 },
  ]
  size      = [for each in local.sizes : each if local.needed_gb <= each.most_gb][0]
  memory_gb = ceil(local.needed_gb / local.size.step_gb) * local.size.step_gb

  # By its version, so that another key is another task and the worker starts anew with it.
  secrets = [
    for key in local.api_key : { name = "PREFECT_API_KEY", valueFrom = "${key.arn}:::${key.version}" }
  ]
  api_key = [for key in [var.prefect_api_key] : key if key != null]
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/${var.name}/worker"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

# ECS would make it itself, and nobody would own it: destroyed with the rest, and kept no longer than its figures are.
resource "aws_cloudwatch_log_group" "insights" {
  #checkov:skip=CKV_AWS_158:Figures of CPU and memory; what flows say is in the log above
  #checkov:skip=CKV_AWS_338:CloudWatch keeps the figures made of it for 15 months

  name              = "/aws/ecs/containerinsights/${var.name}/performance"
  retention_in_days = 7
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  setting {
    name  = "containerInsights"
    value = "enabled"
  }

  depends_on = [aws_cloudwatch_log_group.insights]
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${var.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 1024 * local.size.cores
  memory                   = 1024 * local.memory_gb
  execution_role_arn       = module.starts.arn
  task_role_arn            = var.worker_role_arn

  runtime_platform {
    cpu_architecture        = upper(local.architecture)
    operating_system_family = "LINUX"
  }

  container_definitions = jsonencode([{
    name        = "worker"
    image       = local.image
    essential   = true
    stopTimeout = 120 # Fargate's most
    entryPoint  = local.begins
    command     = ["prefect", "worker", "start", "--pool", var.pool, "--type", "process", "--limit", tostring(var.runs_at_once), "--with-healthcheck"]

    environment = [for name in sort(keys(local.environment)) : { name = name, value = local.environment[name] }]
    secrets     = local.secrets

    healthCheck = {
      command     = ["CMD-SHELL", "python -c \"import urllib.request as r; r.urlopen('http://127.0.0.1:8080/health', timeout=5)\""]
      interval    = 30
      timeout     = 10
      retries     = 5
      startPeriod = 300
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.worker.name
        awslogs-region        = data.aws_region.this.id
        awslogs-stream-prefix = "worker"
      }
    }
  }])

  lifecycle {
    precondition {
      condition     = length(base64gzip(join("", var.packages))) < 56 * 1024
      error_message = "packages: ECS takes no task definition above 64 KB, and their hashes fill it. Bake an image with them: image = …, packages = []."
    }
  }
}

resource "aws_ecs_service" "worker" {
  #checkov:skip=CKV_AWS_333:A way out without a NAT, and none in: docs/decisions/020-a-network-without-nat.md

  name                               = "${var.name}-worker"
  cluster                            = aws_ecs_cluster.this.id
  task_definition                    = aws_ecs_task_definition.worker.arn
  desired_count                      = 1
  launch_type                        = "FARGATE"
  platform_version                   = "LATEST"
  deployment_minimum_healthy_percent = 100 # the old one stays until the new one works, and while it has runs under way
  deployment_maximum_percent         = 200 # by its own word: docs/decisions/041-a-worker-that-is-replaced.md

  network_configuration {
    subnets          = var.subnets
    security_groups  = [var.security_group]
    assign_public_ip = true # the way out to Prefect's API without the price of a NAT; nothing comes in by it
  }

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }
}
