# One page: is it alive, does it keep up, what does it cost. CloudWatch gives three dashboards away.

locals {
  of_job    = [for domain in sort(var.streamed) : { domain = domain, environment = var.name }]
  of_worker = ["ClusterName", var.worker.cluster, "ServiceName", var.worker.service]

  charts = concat(
    [
      {
        title   = "Lag: messages behind"
        stat    = "Maximum"
        metrics = [for each in local.of_job : [var.metrics_namespace, "messages_behind", "domain", each.domain, "environment", each.environment]]
      },
      {
        title   = "Standing job: signs of life a minute"
        stat    = "Sum"
        metrics = [for each in local.of_job : [var.metrics_namespace, "beats", "domain", each.domain, "environment", each.environment]]
      },
      {
        title = "Worker: CPU and memory in %, tasks"
        stat  = "Maximum"
        metrics = [
          concat(["AWS/ECS", "CPUUtilization"], local.of_worker),
          concat(["AWS/ECS", "MemoryUtilization"], local.of_worker),
          concat(["ECS/ContainerInsights", "RunningTaskCount"], local.of_worker),
        ]
      },
    ],
    var.brokers == 0 ? [] : [
      {
        title = "Brokers: partitions without a leader or a copy"
        stat  = "Maximum"
        metrics = concat(
          [["AWS/Kafka", "OfflinePartitionsCount", "Cluster Name", var.name]],
          [for broker in local.broker_ids : ["AWS/Kafka", "UnderReplicatedPartitions", "Cluster Name", var.name, "Broker ID", broker]],
        )
      },
      {
        title   = "Brokers: CPU in %"
        stat    = "Maximum"
        metrics = [for pair in setproduct(["CpuUser", "CpuSystem"], local.broker_ids) : ["AWS/Kafka", pair[0], "Cluster Name", var.name, "Broker ID", pair[1]]]
      },
      {
        title   = "Brokers: disks in %"
        stat    = "Maximum"
        metrics = [for broker in local.broker_ids : ["AWS/Kafka", "KafkaDataLogsDiskUsed", "Cluster Name", var.name, "Broker ID", broker]]
      },
    ],
    !local.has_cluster ? [] : [
      {
        title   = "Nodes: lost, unhealthy, at work"
        stat    = "Maximum"
        metrics = [for metric in ["MRLostNodes", "MRUnhealthyNodes", "MRActiveNodes"] : ["AWS/ElasticMapReduce", metric, "JobFlowId", local.cluster]]
      },
      {
        title   = "Steps: containers at work and waiting"
        stat    = "Maximum"
        metrics = [for metric in ["ContainerAllocated", "ContainerPending"] : ["AWS/ElasticMapReduce", metric, "JobFlowId", local.cluster]]
      },
      {
        title   = "Nodes: memory that is free, disks that are full, in %"
        stat    = "Maximum"
        metrics = [for metric in ["YARNMemoryAvailablePercentage", "HDFSUtilization"] : ["AWS/ElasticMapReduce", metric, "JobFlowId", local.cluster]]
      },
    ],
    var.serving == null ? [] : [
      {
        title   = "Serving database: CPU in %, connections"
        stat    = "Maximum"
        metrics = [for metric in ["CPUUtilization", "DatabaseConnections"] : ["AWS/RDS", metric, "DBInstanceIdentifier", var.serving.identifier]]
      },
    ],
    !contains(keys(var.compute), "serverless") ? [] : [
      {
        title   = "Serverless: workers at work and waiting"
        stat    = "Maximum"
        metrics = [for metric in ["RunningWorkerCount", "PendingCreationWorkerCount"] : ["AWS/EMRServerless", metric, "ApplicationId", var.compute.serverless]]
      },
    ],
  )

  # Billing tells CloudWatch of the account as a whole, once it is switched on there, in this region alone, and as a sum
  # since the month began: a day is what it grew by.
  cost = {
    title   = "Cost a day, of the account, in US dollars"
    region  = "us-east-1"
    view    = "timeSeries"
    stat    = "Maximum"
    period  = 86400
    metrics = [[{ expression = "IF(DIFF(sum) > 0, DIFF(sum), 0)", label = "a day", id = "day" }], ["AWS/Billing", "EstimatedCharges", "Currency", "USD", { id = "sum", visible = false }]]
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = "${var.name}-${data.aws_region.this.id}" # one in the account

  dashboard_body = jsonencode({
    widgets = concat(
      [
        for place, chart in local.charts : {
          type       = "metric"
          x          = 8 * (place % 3)
          y          = 6 * floor(place / 3)
          width      = 8
          height     = 6
          properties = merge(chart, { region = data.aws_region.this.id, view = "timeSeries", period = 300 })
        }
      ],
      [{ type = "metric", x = 0, y = 6 * ceil(length(local.charts) / 3), width = 24, height = 6, properties = local.cost }],
    )
  })
}
