# What whoever sends may do: write to the topics that are named, and nothing else.

locals {
  account = data.aws_caller_identity.this.account_id

  # arn:…:cluster/<name>/<id> and arn:…:topic/<name>/<id>/<topic>
  topic_arns = [for topic in var.topics : "${replace(module.stream.arn, ":cluster/", ":topic/")}/${topic}"]
}

module "producer" {
  source = "../role"

  name       = "${var.name}-${data.aws_region.this.id}-producer"
  principals = length(var.producers.roles) > 0 ? var.producers.roles : ["arn:${data.aws_partition.this.partition}:iam::${local.account}:root"]
  account    = local.account
  policy     = data.aws_iam_policy_document.producer.json

  permissions_boundary = var.permissions_boundary
}

# Idempotent writing is a right of the cluster's: what a producer retries is then stored once.
data "aws_iam_policy_document" "producer" {
  statement {
    sid       = "Connect"
    actions   = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"]
    resources = [module.stream.arn]
  }

  dynamic "statement" {
    for_each = length(var.topics) > 0 ? [local.topic_arns] : []

    content {
      sid       = "Write"
      actions   = ["kafka-cluster:DescribeTopic", "kafka-cluster:WriteData"]
      resources = statement.value
    }
  }
}
