data "aws_iam_policy_document" "job" {
  statement {
    sid       = "FindInBuckets"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [for kind in ["landing", "lake", "artifacts"] : var.bucket_arns[kind]]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "LandingAndLake"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = [for kind in ["landing", "lake"] : "${var.bucket_arns[kind]}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "ItsOwnCode"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["artifacts"]}/code/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  # Of YARN, for the time of a step: which archives it has, and the configuration.
  statement {
    sid       = "Staging"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arns["artifacts"]}/staging/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "WhatCameOfIt"
    actions   = ["s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arns["artifacts"]}/results/*", "${var.bucket_arns["logs"]}/emr/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "OurKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey", "kms:DescribeKey"]
    resources = [var.key_arn]
  }

  statement {
    sid       = "KafkaCluster"
    actions   = ["kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:WriteDataIdempotently"]
    resources = ["arn:${local.partition}:kafka:${local.here}:cluster/${var.kafka_cluster}/*"]
  }

  # The standing job makes its topics, and mends their partitions and retention where the contract says otherwise.
  statement {
    sid = "KafkaTopics"
    actions = [
      "kafka-cluster:AlterTopic",
      "kafka-cluster:AlterTopicDynamicConfiguration",
      "kafka-cluster:CreateTopic",
      "kafka-cluster:DescribeTopic",
      "kafka-cluster:DescribeTopicDynamicConfiguration",
      "kafka-cluster:ReadData",
      "kafka-cluster:WriteData",
    ]
    resources = ["arn:${local.partition}:kafka:${local.here}:topic/${var.kafka_cluster}/*/*"]
  }

  statement {
    sid       = "KafkaGroups"
    actions   = ["kafka-cluster:AlterGroup", "kafka-cluster:DescribeGroup"]
    resources = ["arn:${local.partition}:kafka:${local.here}:group/${var.kafka_cluster}/*/*"]
  }

  statement {
    sid = "Publish"
    actions = [
      "glue:GetDatabase",
      "glue:GetTable",
      "glue:GetTables",
      "glue:CreateTable",
      "glue:UpdateTable",
      "glue:DeleteTable",
    ]
    resources = concat([local.glue_catalog], local.glue_databases, local.glue_tables)
  }

  statement {
    sid       = "ItsFigures"
    actions   = ["cloudwatch:PutMetricData"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "cloudwatch:namespace"
      values   = [var.metrics_namespace]
    }
  }

  # With the password that RDS keeps, or with a token of IAM.
  dynamic "statement" {
    for_each = local.serving

    content {
      sid       = "ServingPassword"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value.secret]
    }
  }

  dynamic "statement" {
    for_each = local.serving

    content {
      sid       = "ServingConnect"
      actions   = ["rds-db:connect"]
      resources = [statement.value.connect]
    }
  }
}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "FindFlows"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [var.bucket_arns["artifacts"], var.bucket_arns["logs"], var.bucket_arns["lake"]]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "FlowsAndResults"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["artifacts"]}/*", "${var.bucket_arns["logs"]}/emr/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "WhoWrites"
    actions   = ["s3:GetObject"]
    resources = ["${var.bucket_arns["lake"]}/_heartbeats/*", "${var.bucket_arns["lake"]}/_leases/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "StartsOfTheStandingJob"
    actions   = ["s3:PutObject"]
    resources = ["${var.bucket_arns["lake"]}/_heartbeats/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "OurKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }

  # A cluster's own name is not known before it is made; it is known by the tag that its environment gives it.
  statement {
    sid = "StepsOfOurClusters"
    actions = [
      "elasticmapreduce:AddJobFlowSteps",
      "elasticmapreduce:CancelSteps",
      "elasticmapreduce:DescribeCluster",
      "elasticmapreduce:DescribeStep",
      "elasticmapreduce:ListSteps",
    ]
    resources = ["arn:${local.partition}:elasticmapreduce:${local.here}:cluster/*"]

    condition {
      test     = "StringEquals"
      variable = "elasticmapreduce:ResourceTag/environment"
      values   = [var.name]
    }
  }

  statement {
    sid = "RunsOfOurApplications"
    actions = [
      "emr-serverless:GetApplication",
      "emr-serverless:ListJobRuns",
      "emr-serverless:StartApplication",
      "emr-serverless:StartJobRun",
    ]
    resources = ["arn:${local.partition}:emr-serverless:${local.here}:/applications/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [var.name]
    }
  }

  # A run does not carry the tags of its application: it gets its own as it starts.
  statement {
    sid       = "OurRuns"
    actions   = ["emr-serverless:CancelJobRun", "emr-serverless:GetJobRun"]
    resources = [local.runs]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceTag/environment"
      values   = [var.name]
    }
  }

  # Only what has no such tag yet, or a run of another environment could be made one of ours.
  statement {
    sid       = "TagOurRuns"
    actions   = ["emr-serverless:TagResource"]
    resources = [local.runs]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestTag/environment"
      values   = [var.name]
    }

    condition {
      test     = "Null"
      variable = "aws:ResourceTag/environment"
      values   = ["true"]
    }
  }

  statement {
    sid       = "WhereJobsRun"
    actions   = ["ssm:GetParameter"]
    resources = ["arn:${local.partition}:ssm:${local.here}:parameter/${var.name}/compute"]
  }

  # What it asks of ECS in its own task while a run waits for a step: docs/decisions/041-a-worker-that-is-replaced.md
  statement {
    sid       = "LetItsRunsFinish"
    actions   = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]
    resources = ["arn:${local.partition}:ecs:${local.here}:task/${var.name}/*"]
  }

  statement {
    sid       = "TellPeople"
    actions   = ["sns:Publish"]
    resources = ["arn:${local.partition}:sns:${local.here}:${var.name}-guard"]
  }

  statement {
    sid       = "HandTheJobItsRole"
    actions   = ["iam:PassRole"]
    resources = ["arn:${local.partition}:iam::${local.account}:role/${local.prefix}-job"]

    condition {
      test     = "StringEquals"
      variable = "iam:PassedToService"
      values   = ["emr-serverless.amazonaws.com"]
    }
  }

  # With the password that RDS keeps, or with a token of IAM.
  dynamic "statement" {
    for_each = local.serving

    content {
      sid       = "ServingPassword"
      actions   = ["secretsmanager:GetSecretValue"]
      resources = [statement.value.secret]
    }
  }

  dynamic "statement" {
    for_each = local.serving

    content {
      sid       = "ServingConnect"
      actions   = ["rds-db:connect"]
      resources = [statement.value.connect]
    }
  }

  # What it fills it from, and readers may ask as well.
  dynamic "statement" {
    for_each = local.serving

    content {
      sid       = "WhatIsServed"
      actions   = ["s3:GetObject"]
      resources = [for place in concat(local.readable_places, ["_published/*"]) : "${var.bucket_arns["lake"]}/${place}"]

      condition {
        test     = "StringEquals"
        variable = "aws:ResourceAccount"
        values   = [local.account]
      }
    }
  }
}

data "aws_iam_policy_document" "reader" {
  for_each = local.readers

  statement {
    sid = "Ask"
    actions = [
      "athena:BatchGetNamedQuery",
      "athena:BatchGetQueryExecution",
      "athena:GetNamedQuery",
      "athena:GetQueryExecution",
      "athena:GetQueryResults",
      "athena:GetQueryResultsStream",
      "athena:GetQueryRuntimeStatistics",
      "athena:GetWorkGroup",
      "athena:ListNamedQueries",
      "athena:ListQueryExecutions",
      "athena:StartQueryExecution",
      "athena:StopQueryExecution",
    ]
    resources = ["arn:${local.partition}:athena:${local.here}:workgroup/${each.value.workgroup}"]
  }

  # JDBC and ODBC look around before they ask: https://docs.aws.amazon.com/athena/latest/ug/policy-actions.html. These
  # three know no narrower resource.
  statement {
    sid       = "LookAround"
    actions   = ["athena:ListDataCatalogs", "athena:ListEngineVersions", "athena:ListWorkGroups"]
    resources = ["*"]

    condition {
      test     = "StringEquals"
      variable = "aws:RequestedRegion"
      values   = [local.region]
    }
  }

  # What they show of a database is what Glue lets through below.
  statement {
    sid = "LookIntoTheCatalog"
    actions = [
      "athena:GetDataCatalog",
      "athena:GetDatabase",
      "athena:GetTableMetadata",
      "athena:ListDatabases",
      "athena:ListTableMetadata",
    ]
    resources = ["arn:${local.partition}:athena:${local.here}:datacatalog/AwsDataCatalog"]
  }

  statement {
    sid = "FindTables"
    actions = [
      "glue:BatchGetPartition",
      "glue:GetDatabase",
      "glue:GetDatabases",
      "glue:GetPartition",
      "glue:GetPartitions",
      "glue:GetTable",
      "glue:GetTables",
    ]
    resources = concat([local.glue_catalog], [for name in local.readable_databases : "arn:${local.partition}:glue:${local.here}:database/${name}"], [for name in local.readable_databases : "arn:${local.partition}:glue:${local.here}:table/${name}/*"])
  }

  # Athena asks for it by itself; that it is there is all that is shown.
  statement {
    sid       = "TheDefaultDatabase"
    actions   = ["glue:GetDatabase", "glue:GetDatabases"]
    resources = [local.glue_catalog, "arn:${local.partition}:glue:${local.here}:database/default"]
  }

  statement {
    sid       = "FindFiles"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arns["lake"]]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = local.readable_places
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "ReadFiles"
    actions   = ["s3:GetObject"]
    resources = [for place in local.readable_places : "${var.bucket_arns["lake"]}/${place}"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "Answers"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    resources = ["${var.bucket_arns["logs"]}/athena/${each.key}/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "FindAnswers"
    actions   = ["s3:ListBucket"]
    resources = [var.bucket_arns["logs"]]

    condition {
      test     = "StringLike"
      variable = "s3:prefix"
      values   = ["athena/${each.key}/*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "AnswersPlace"
    actions   = ["s3:GetBucketLocation"]
    resources = [var.bucket_arns["lake"], var.bucket_arns["logs"]]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "OurKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }
}

data "aws_iam_policy_document" "deployer" {
  statement {
    sid       = "FindCode"
    actions   = ["s3:ListBucket", "s3:GetBucketLocation"]
    resources = [var.bucket_arns["artifacts"]]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "CodeAndFlows"
    actions   = ["s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload"]
    resources = ["${var.bucket_arns["artifacts"]}/code/*", "${var.bucket_arns["artifacts"]}/flows/*"]

    condition {
      test     = "StringEquals"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  statement {
    sid       = "OurKey"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = [var.key_arn]
  }
}
