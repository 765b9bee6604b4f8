output "kind" {
  description = "cluster or serverless."
  value       = var.kind
}

output "id" {
  description = "The cluster that steps go to, or the application that runs go to."
  value       = one(concat(aws_emr_cluster.this[*].id, aws_emrserverless_application.this[*].id))
}
