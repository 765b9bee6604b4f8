# What an account has once, and environments need.

resource "aws_iam_service_linked_role" "this" {
  for_each = var.service_linked_roles

  aws_service_name = each.key

  lifecycle {
    prevent_destroy = true # all else in the account that uses the service needs it, too
  }
}

# Whom it vouches for, a role says: variable github of an environment's compute.
resource "aws_iam_openid_connect_provider" "github" {
  count = var.has_github ? 1 : 0

  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]

  lifecycle {
    prevent_destroy = true # others in the account may have roles for GitHub, too
  }
}
