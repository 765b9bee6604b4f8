# What Fargate itself needs to start the worker: its log and its key.

data "aws_caller_identity" "this" {}

module "starts" {
  source = "../role"

  name     = "${var.name}-${data.aws_region.this.id}-worker-starts"
  services = ["ecs-tasks.amazonaws.com"]
  account  = data.aws_caller_identity.this.account_id
  policy   = data.aws_iam_policy_document.starts.json

  permissions_boundary = var.permissions_boundary
}

data "aws_iam_policy_document" "starts" {
  statement {
    sid       = "Log"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${aws_cloudwatch_log_group.worker.arn}:*"]
  }

  dynamic "statement" {
    for_each = local.api_key

    content {
      sid       = "ApiKey"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value.arn]
    }
  }

  dynamic "statement" {
    for_each = local.api_key

    content {
      sid       = "OurKey"
      actions   = ["kms:Decrypt"]
      resources = [var.key_arn]
    }
  }
}
