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
