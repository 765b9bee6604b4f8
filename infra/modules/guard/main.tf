# Who is told, and of what: money, brokers and nodes in trouble, a standing job that falls behind or is dead, a worker that
# is down or out of memory, steps that fail, a cluster that idles. dashboard.tf shows the same on one page.

data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

resource "aws_sns_topic" "this" {
  name              = "${var.name}-guard"
  kms_master_key_id = var.key_arn
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "WhoTells"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }

  # EventBridge does not say for whom it publishes: with a condition, nothing it tells would arrive.
  statement {
    sid       = "WhoTellsOfFailures"
    actions   = ["sns:Publish"]
    resources = [aws_sns_topic.this.arn]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

resource "aws_sns_topic_subscription" "this" {
  for_each = var.emails

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = each.key
}

# A month's, which also tells where the month is heading, and a day's, which tells of one bad day before it has become a
# bad month. AWS makes no forecast of a day.
resource "aws_budgets_budget" "this" {
  for_each = {
    month = { unit = "MONTHLY", dollars = var.dollars_a_month, told_at = { ACTUAL = 80, FORECASTED = 100 } }
    day   = { unit = "DAILY", dollars = coalesce(var.dollars_a_day, ceil(var.dollars_a_month / 15)), told_at = { ACTUAL = 100 } }
  }

  name         = "${var.name}-${data.aws_region.this.id}-${each.key}" # one in the account
  budget_type  = "COST"
  limit_amount = tostring(each.value.dollars)
  limit_unit   = "USD"
  time_unit    = each.value.unit

  dynamic "cost_filter" {
    for_each = var.has_cost_tags ? [format("user:environment$%s", var.name)] : []

    content {
      name   = "TagKeyValue"
      values = [cost_filter.value]
    }
  }

  dynamic "notification" {
    for_each = each.value.told_at

    content {
      comparison_operator       = "GREATER_THAN"
      threshold                 = notification.value
      threshold_type            = "PERCENTAGE"
      notification_type         = notification.key
      subscriber_sns_topic_arns = [aws_sns_topic.this.arn]
    }
  }

  depends_on = [aws_sns_topic_policy.this]
}
