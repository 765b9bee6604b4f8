output "arn" {
  description = "The cluster."
  value       = data.aws_msk_bootstrap_brokers.this.cluster_arn
}

output "kind" {
  description = "provisioned or serverless."
  value       = var.kind
}

output "bootstrap" {
  description = "Brokers that clients with IAM come to first."
  value       = data.aws_msk_bootstrap_brokers.this.bootstrap_brokers_sasl_iam
}

output "brokers" {
  description = "How many brokers there are; none of serverless."
  value       = local.is_serverless ? 0 : local.zones
}

output "bootstrap_with_password" {
  description = "Brokers that clients with a password come to first; null where there are none."
  value       = var.has_passwords ? data.aws_msk_bootstrap_brokers.this.bootstrap_brokers_sasl_scram : null
}

output "bootstrap_for_accounts" {
  description = "Brokers for clients of other accounts, by a connection of theirs; null where there are none."
  value       = length(var.producer_accounts) > 0 ? data.aws_msk_bootstrap_brokers.this.bootstrap_brokers_vpc_connectivity_sasl_iam : null
}
