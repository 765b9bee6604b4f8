# The serving database: who asks it is kept waiting by its CPU, and it stops when its disk is full.

locals {
  of_serving = var.serving == null ? {} : {
    cpu = {
      metric      = "CPUUtilization"
      statistic   = "Average"
      comparison  = "GreaterThanThreshold"
      threshold   = 80
      periods     = 3
      description = "The serving database has used more than 80 % of its CPU for 15 minutes. Take a larger serving_type, or look in Performance Insights for who asks what."
    }
    storage = {
      metric      = "FreeStorageSpace"
      statistic   = "Minimum"
      comparison  = "LessThanThreshold"
      threshold   = var.serving.gb * pow(1024, 3) / 10
      periods     = 6
      description = "Less than a tenth of the serving database's first disk has been free for half an hour: it does not grow, or cannot for six hours after it did. A database whose disk is full stops. Raise most_serving_gb."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "serving" {
  for_each = local.of_serving

  alarm_name          = "${var.name}-serving-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/RDS"
  metric_name         = each.value.metric
  dimensions          = { DBInstanceIdentifier = var.serving.identifier }
  statistic           = each.value.statistic
  period              = 300
  evaluation_periods  = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = each.value.comparison
  treat_missing_data  = "missing"
  alarm_actions       = local.told
  ok_actions          = local.told
}
