# A network that is there already: it must have what ours would have, and is asked for what can be seen of that.

data "aws_vpc" "existing" {
  count = local.is_ours ? 0 : 1

  id = var.existing.vpc_id
}

data "aws_subnet" "existing" {
  for_each = local.is_ours ? toset([]) : setunion(var.existing.private_subnets, var.existing.outward_subnets)

  id = each.key

  lifecycle {
    postcondition {
      condition     = self.vpc_id == var.existing.vpc_id
      error_message = "existing: ${each.key} is a subnet of ${self.vpc_id} and not of ${var.existing.vpc_id}."
    }

    postcondition {
      condition     = !contains(var.existing.private_subnets, each.key) || lookup(self.tags, "for-use-with-amazon-emr-managed-policies", "") == "true"
      error_message = "existing: ${each.key} lacks the tag for-use-with-amazon-emr-managed-policies = true, without which EMR may start no machine there."
    }
  }
}

data "aws_prefix_list" "s3" {
  count = local.is_ours ? 0 : 1

  name = "${local.service}.s3"
}
