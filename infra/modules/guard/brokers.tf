# What the brokers say of themselves; their disks are watched in alarms.tf.

locals {
  broker_ids = [for broker in range(1, var.brokers + 1) : tostring(broker)]

  # One alarm each for all brokers; the worst of them counts. MSK advises to keep user and system together under 60 %.
  of_brokers = var.brokers == 0 ? {} : {
    under-replicated = {
      metrics     = ["UnderReplicatedPartitions"]
      threshold   = 0
      periods     = 6
      description = "Partitions have lacked a copy for half an hour: a broker is down or does not keep up. Losing another one now may lose messages."
    }
    cpu = {
      metrics     = ["CpuUser", "CpuSystem"]
      threshold   = 60
      periods     = 3
      description = "A broker has used more than 60 % of its CPU for 15 minutes; while another is being replaced it will not keep up. Take a larger broker_type."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "brokers" {
  for_each = local.of_brokers

  alarm_name          = "${var.name}-brokers-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = local.told
  ok_actions          = local.told

  metric_query {
    id          = "worst"
    label       = each.key
    expression  = "MAX([${join(", ", [for broker in local.broker_ids : join(" + ", [for metric in each.value.metrics : "${lower(metric)}${broker}"])])}])"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { for pair in setproduct(each.value.metrics, local.broker_ids) : "${lower(pair[0])}${pair[1]}" => { metric = pair[0], broker = pair[1] } }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Kafka"
        metric_name = metric_query.value.metric
        dimensions  = { "Cluster Name" = var.name, "Broker ID" = metric_query.value.broker }
        stat        = "Maximum"
        period      = 300
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "offline" {
  count = var.brokers > 0 ? 1 : 0

  alarm_name          = "${var.name}-brokers-offline"
  alarm_description   = "Partitions have no leader: nobody can read or write them."
  namespace           = "AWS/Kafka"
  metric_name         = "OfflinePartitionsCount"
  dimensions          = { "Cluster Name" = var.name }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 0
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = local.told
  ok_actions          = local.told
}
