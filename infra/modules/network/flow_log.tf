# What was refused, for whoever looks into it. A network that was there already has its own.

resource "aws_cloudwatch_log_group" "refused" {
  #checkov:skip=CKV_AWS_338:A year by default; an environment to try things in says less

  count = local.is_ours ? 1 : 0

  name              = "/${var.name}/network"
  retention_in_days = var.log_days
  kms_key_id        = var.key_arn
}

data "aws_iam_policy_document" "assume" {
  statement {
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["vpc-flow-logs.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

data "aws_iam_policy_document" "write" {
  count = local.is_ours ? 1 : 0

  statement {
    actions   = ["logs:DescribeLogGroups"] # which knows no single group
    resources = ["*"]
  }

  statement {
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    resources = [for group in aws_cloudwatch_log_group.refused : "${group.arn}:*"]
  }
}

resource "aws_iam_role" "flow_log" {
  count = local.is_ours ? 1 : 0

  name                 = "${var.name}-${data.aws_region.this.id}-flow-log"
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "flow_log" {
  count = local.is_ours ? 1 : 0

  name   = "write"
  role   = aws_iam_role.flow_log[0].id
  policy = data.aws_iam_policy_document.write[0].json
}

resource "aws_flow_log" "refused" {
  count = local.is_ours ? 1 : 0

  vpc_id          = local.vpc_id
  traffic_type    = "REJECT"
  log_destination = aws_cloudwatch_log_group.refused[0].arn
  iam_role_arn    = aws_iam_role.flow_log[0].arn
}
