output "buckets" {
  description = "Names of the buckets: landing, lake, artifacts, logs."
  value       = { for kind, bucket in module.bucket : kind => bucket.name }
}

output "bucket_arns" {
  description = "The same, as ARNs."
  value       = { for kind, bucket in module.bucket : kind => bucket.arn }
}

output "key_arn" {
  description = "The key that all of it is encrypted with."
  value       = aws_kms_key.this.arn
}
