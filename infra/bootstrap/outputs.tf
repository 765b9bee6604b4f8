output "state_bucket" {
  description = "Goes into each environment's backend: terraform init -backend-config=bucket=…"
  value       = module.state.name
}

output "region" {
  description = "Of that bucket."
  value       = var.region
}
