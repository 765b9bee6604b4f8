output "kind" {
  description = "Where jobs run, but for the standing one: cluster or serverless."
  value       = local.batch_kind
}

output "id" {
  description = "The cluster, or the application of EMR Serverless, that runs them."
  value       = local.ids[local.batch_kind]
}

output "ids" {
  description = "What there is: the id of the cluster, of the application of EMR Serverless, or of both, by cluster and serverless."
  value       = local.ids
}

output "parameter" {
  description = "The parameter of Systems Manager that says where jobs run."
  value       = aws_ssm_parameter.this.name
}

output "architecture" {
  description = "What packages have to be packed for: arm64 or x86_64."
  value       = local.architecture
}
