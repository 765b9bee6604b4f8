# A role: who may take it, and the one policy of what it may do.

data "aws_partition" "this" {}

data "aws_iam_policy_document" "assume" {
  dynamic "statement" {
    for_each = toset(var.services)

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "Service"
        identifiers = [statement.value]
      }

      # EC2 hands its roles out itself and does not say for whom.
      dynamic "condition" {
        for_each = statement.value == "ec2.amazonaws.com" ? [] : [var.account]

        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = [condition.value]
        }
      }
    }
  }

  # Somebody whom another vouches for, such as a run of GitHub for its repository and branch.
  dynamic "statement" {
    for_each = var.identities

    content {
      actions = ["sts:AssumeRoleWithWebIdentity"]

      principals {
        type        = "Federated"
        identifiers = ["arn:${data.aws_partition.this.partition}:iam::${var.account}:oidc-provider/${statement.value.provider}"]
      }

      condition {
        test     = "StringEquals"
        variable = "${statement.value.provider}:aud"
        values   = [statement.value.audience]
      }

      condition {
        test     = "StringEquals"
        variable = "${statement.value.provider}:sub"
        values   = [statement.value.subject]
      }
    }
  }

  dynamic "statement" {
    for_each = length(var.principals) > 0 ? [var.principals] : []

    content {
      actions = ["sts:AssumeRole"]

      principals {
        type        = "AWS"
        identifiers = statement.value
      }
    }
  }
}

resource "aws_iam_role" "this" {
  name                 = var.name
  assume_role_policy   = data.aws_iam_policy_document.assume.json
  max_session_duration = 3600 * var.hours
  permissions_boundary = var.permissions_boundary
}

resource "aws_iam_role_policy" "this" {
  name   = "work"
  role   = aws_iam_role.this.id
  policy = var.policy
}
