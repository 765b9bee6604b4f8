output "state_bucket" {
  description = "Goes into each environment's backend: terraform init -backend-config=bucket=…"
  value       = aws_s3_bucket.state.bucket
}

output "region" {
  description = "Of that bucket."
  value       = var.region
}
