locals {
  told = [aws_sns_topic.this.arn]
}

# Spark keeps its place in the checkpoint and tells Kafka nothing of it, so the standing job tells its lag itself.
resource "aws_cloudwatch_metric_alarm" "lag" {
  for_each = var.streamed

  alarm_name          = "${var.name}-${each.key}-lag"
  alarm_description   = "The standing job of ${each.key} has been behind its topics by more than ${var.most_behind} messages for 15 minutes. See docs/operations.md."
  namespace           = var.metrics_namespace
  metric_name         = "messages_behind"
  dimensions          = { domain = each.key, environment = var.name }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = var.most_behind
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "ignore" # that is the next one's concern
  alarm_actions       = local.told
  ok_actions          = local.told
}

# Told as "insufficient data": a job that falls silent is, and one that never began is not, be it for a minute after it
# was set up or for good.
resource "aws_cloudwatch_metric_alarm" "heartbeat" {
  for_each = var.streamed

  alarm_name          = "${var.name}-${each.key}-heartbeat"
  alarm_description   = "The standing job of ${each.key} has fallen silent: no sign of life for 5 minutes. It is started again by the flow that keeps it; this tells that it was not."
  namespace           = var.metrics_namespace
  metric_name         = "beats"
  dimensions          = { domain = each.key, environment = var.name }
  statistic           = "Sum"
  period              = 60
  evaluation_periods  = 5
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = local.told
  ok_actions          = local.told

  insufficient_data_actions = local.told
}

# Whoever tells of late and failed runs is a run itself, so of a worker that is down others have to tell.
resource "aws_cloudwatch_metric_alarm" "worker" {
  alarm_name          = "${var.name}-worker"
  alarm_description   = "No Prefect worker of ${var.name} has run for 10 minutes: nothing is scheduled, and late and failed runs are not told. See its log, /${var.name}/worker."
  namespace           = "ECS/ContainerInsights"
  metric_name         = "RunningTaskCount"
  dimensions          = { ClusterName = var.worker.cluster, ServiceName = var.worker.service }
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 10
  threshold           = 1
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "breaching"
  alarm_actions       = local.told
  ok_actions          = local.told
}

resource "aws_cloudwatch_metric_alarm" "disks" {
  for_each = toset([for broker in range(1, var.brokers + 1) : tostring(broker)])

  alarm_name          = "${var.name}-broker-${each.key}-disk"
  alarm_description   = "The disk of broker ${each.key} is full to more than 85 %. A broker whose disk is full stops. Raise most_volume_gb, or keep messages for fewer hours."
  namespace           = "AWS/Kafka"
  metric_name         = "KafkaDataLogsDiskUsed"
  dimensions          = { "Cluster Name" = var.name, "Broker ID" = each.key }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 85
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "missing"
  alarm_actions       = local.told
  ok_actions          = local.told
}

resource "aws_cloudwatch_metric_alarm" "idle" {
  count = local.has_cluster ? 1 : 0

  alarm_name          = "${var.name}-idle"
  alarm_description   = "The cluster ran nothing for ${var.idle_minutes} minutes and is paid for."
  namespace           = "AWS/ElasticMapReduce"
  metric_name         = "IsIdle"
  dimensions          = { JobFlowId = local.cluster }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = ceil(var.idle_minutes / 5)
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching" # a cluster that is gone costs nothing
  alarm_actions       = local.told
}

# EMR says these every five minutes. A node whose disks are full is unhealthy to YARN, and gets no more work.
locals {
  cluster     = lookup(var.compute, "cluster", null)
  has_cluster = contains(keys(var.compute), "cluster")

  of_nodes = !local.has_cluster ? {} : {
    unhealthy = {
      metric      = "MRUnhealthyNodes"
      threshold   = 0
      periods     = 3
      description = "Nodes have been unhealthy for 15 minutes, most often because their disks are full: raise node_gb. They get no work."
    }
    lost = {
      metric      = "MRLostNodes"
      threshold   = 0
      periods     = 3
      description = "YARN has not heard of a node for 15 minutes; what ran there begins again elsewhere. EMR replaces core nodes: look into the cluster's events where it does not."
    }
    pending = {
      metric      = "ContainerPending"
      threshold   = 0
      periods     = 12
      description = "Executors have been waiting for room for an hour: the cluster is at its most_nodes, or Spot has none. Raise most_nodes, or name more node_types."
    }
    hdfs = {
      metric      = "HDFSUtilization"
      threshold   = 80
      periods     = 3
      description = "The disks of core nodes are full to more than 80 %: what Spark spills and stages lies there. Raise node_gb."
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "nodes" {
  for_each = local.of_nodes

  alarm_name          = "${var.name}-nodes-${each.key}"
  alarm_description   = each.value.description
  namespace           = "AWS/ElasticMapReduce"
  metric_name         = each.value.metric
  dimensions          = { JobFlowId = local.cluster }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = each.value.periods
  threshold           = each.value.threshold
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # a cluster that is gone has no nodes
  alarm_actions       = local.told
  ok_actions          = local.told
}

resource "aws_cloudwatch_metric_alarm" "worker_memory" {
  alarm_name          = "${var.name}-worker-memory"
  alarm_description   = "The Prefect worker of ${var.name} has used more than 85 % of its memory for 15 minutes. One that runs out is replaced, and its runs with it: raise runs_at_once, by which it is sized."
  namespace           = "AWS/ECS"
  metric_name         = "MemoryUtilization"
  dimensions          = { ClusterName = var.worker.cluster, ServiceName = var.worker.service }
  statistic           = "Maximum"
  period              = 300
  evaluation_periods  = 3
  threshold           = 85
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching" # of one that is down the alarm above tells
  alarm_actions       = local.told
  ok_actions          = local.told
}

resource "aws_cloudwatch_event_rule" "failed" {
  for_each = toset(keys(var.compute))

  name        = "${var.name}-failed-${each.key}"
  description = "A step or a run of ${var.name} failed, or its cluster ended with errors."

  event_pattern = jsonencode(each.key == "cluster" ? {
    source      = ["aws.emr"]
    detail-type = ["EMR Step Status Change", "EMR Cluster State Change"]
    detail      = { clusterId = [var.compute[each.key]], state = ["FAILED", "TERMINATED_WITH_ERRORS"] }
    } : {
    source      = ["aws.emr-serverless"]
    detail-type = ["EMR Serverless Job Run State Change"]
    detail      = { applicationId = [var.compute[each.key]], state = ["FAILED"] }
  })
}

resource "aws_cloudwatch_event_target" "failed" {
  for_each = aws_cloudwatch_event_rule.failed

  rule = each.value.name
  arn  = aws_sns_topic.this.arn
}
