output "handover" {
  description = "What compute has to know of the data. It reads it in the parameter `parameter`."
  value       = local.handover
}

output "parameter" {
  description = "The parameter in which that stands."
  value       = aws_ssm_parameter.handover.name
}

output "protected" {
  description = "What terraform destroy refuses to take, and any plan to make anew."
  value       = keys(terraform_data.holds_data)
}

output "producers" {
  description = "What whoever sends needs: the role to take, the topics it may write to, brokers by the way of coming, the network and the route table of its private subnets (null of one that was there already)."
  value = {
    role_arn                = module.producer.arn
    topics                  = var.topics
    bootstrap               = module.stream.bootstrap
    bootstrap_with_password = module.stream.bootstrap_with_password
    bootstrap_for_accounts  = module.stream.bootstrap_for_accounts
    cluster_arn             = module.stream.arn
    key_arn                 = module.lake.key_arn
    vpc_id                  = module.network.vpc_id
    subnets                 = module.network.private_subnets
    private_routes          = module.network.private_routes
  }
}

output "zone_ids" {
  description = "The zones that were taken, for zone_ids: then they stay these, whatever AWS adds or leaves."
  value       = module.network.zone_ids
}

output "key_policy" {
  description = "What the policy of a key that is there already has to say."
  value       = module.lake.key_policy
}

output "serving_database" {
  description = "The database that `headrace serve` fills: where it is, what --to takes without the password, where that is kept; null where there is none."
  value = one([
    for each in module.serving : {
      endpoint       = each.endpoint
      port           = each.port
      url            = each.url
      secret_arn     = each.secret_arn
      iam_user       = each.iam_user
      security_group = each.security_group
    }
  ])
}
