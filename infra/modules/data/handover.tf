# What compute has to know of the data, in one parameter: so it needs no access to this state, which says far more.

locals {
  handover = merge({
    environment = var.name
    key_arn     = module.lake.key_arn
    buckets     = module.lake.buckets
    kafka = {
      arn       = module.stream.arn
      bootstrap = module.stream.bootstrap
      brokers   = module.stream.brokers
    }
    network = {
      vpc_id          = module.network.vpc_id
      cidrs           = module.network.cidrs
      private_subnets = module.network.private_subnets
      outward_subnets = module.network.outward_subnets
      private_routes  = module.network.private_routes
      s3_prefix_list  = module.network.s3_prefix_list
      brokers_group   = module.network.brokers_group
    }
    prefect_api_key = one([
      for version in aws_secretsmanager_secret_version.prefect_api_key : { arn = version.arn, version = version.version_id }
    ])
  }, local.serving)

  # Where there is none, nothing is said of it.
  serving = {
    for each in module.serving : "serving" => {
      identifier = each.identifier
      url        = each.url

      secret_arn      = each.secret_arn
      resource_id     = each.resource_id
      iam_user        = each.iam_user
      group           = each.security_group
      gb              = each.gb
      dollars_a_month = each.dollars_a_month
    }
  }
}

resource "aws_ssm_parameter" "handover" {
  #checkov:skip=CKV_AWS_337:Names of things and no secret
  #checkov:skip=CKV2_AWS_34:Names of things and no secret

  name        = "/${var.name}/data"
  description = "What the compute of ${var.name} has to know of its data. Written by Terraform."
  type        = "String"
  value       = jsonencode(local.handover)
}
