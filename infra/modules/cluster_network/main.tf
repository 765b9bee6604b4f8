# How the cluster and the worker reach what they need: AWS through endpoints, the brokers by a rule, and a way out for a
# cluster's first node where way_out.tf makes one. It is made and removed with them; the network itself stays with the data.

data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

# By our endpoints, only who is of this account reaches what is of it. Some calls name nothing that belongs to anybody.
data "aws_iam_policy_document" "ours" {
  #checkov:skip=CKV_AWS_1:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_49:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_109:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_111:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_283:The policy of an endpoint gives nothing: it takes away what the roles' own policies give
  #checkov:skip=CKV_AWS_356:The policy of an endpoint gives nothing: it takes away what the roles' own policies give

  statement {
    sid       = "OurAccount"
    actions   = ["*"]
    resources = ["*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:PrincipalAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceAccount"
      values   = [data.aws_caller_identity.this.account_id]
    }
  }
}

locals {
  # EMR's own policy lets it work in what carries this, and nowhere else.
  for_emr = { "for-use-with-amazon-emr-managed-policies" = "true" }
}

resource "aws_vpc_endpoint" "this" {
  for_each = setunion(var.endpoints, var.serving_group == null || length(var.endpoints) == 0 ? [] : ["secretsmanager"])


  vpc_id              = var.network.vpc_id
  service_name        = "com.amazonaws.${data.aws_region.this.id}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.network.private_subnets
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true
  policy              = data.aws_iam_policy_document.ours.json

  tags = { Name = "${var.name}-${each.key}" }
}

# By which EMR from release 8 on and its cluster speak with each other. EMR would make it itself, outside of Terraform,
# and terraform destroy would stop at it; this is the name that it gives it.
resource "aws_vpc_endpoint" "emr" {
  count = var.has_cluster && var.has_emr_endpoint ? 1 : 0

  vpc_id              = var.network.vpc_id
  service_name        = "aws.api.${data.aws_region.this.id}.emr-service-cell01"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = var.network.private_subnets
  security_group_ids  = [aws_security_group.service.id]
  private_dns_enabled = true

  tags = merge(local.for_emr, { Name = "emr-service-vpce" })
}
