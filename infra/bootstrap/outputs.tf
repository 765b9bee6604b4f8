output "state_bucket" {
  description = "Where the environments keep their state."
  value       = module.state.name
}

output "region" {
  description = "Of that bucket."
  value       = var.region
}

output "init" {
  description = "How an environment is told, in its folder."
  value       = "terraform init -backend-config=bucket=${module.state.name} -backend-config=region=${var.region}"
}
