# prevent_destroy takes no variable, so it is said here of something that stands for each thing that holds data: what would
# remove or replace that would replace this, and is refused. docs/decisions/042-data-is-a-root-of-its-own.md

locals {
  holds_data = merge(
    { for kind, name in module.lake.buckets : "bucket ${kind}" => name },
    { "bucket access" = module.lake.access_logs, brokers = module.stream.arn, key = module.lake.key_arn, region = data.aws_region.this.id },
    { for secret in aws_secretsmanager_secret.prefect_api_key : "Prefect's API key" => secret.arn },
  )
}

resource "terraform_data" "holds_data" {
  for_each = var.is_disposable ? {} : local.holds_data

  triggers_replace = each.value

  lifecycle {
    prevent_destroy = true
  }
}
