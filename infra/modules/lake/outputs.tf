output "buckets" {
  description = "Names of the buckets: landing, lake, artifacts, logs."
  value       = { for kind, bucket in module.bucket : kind => bucket.name }
}

output "key_arn" {
  description = "The key that all of it is encrypted with."
  value       = local.key_arn
}

output "access_logs" {
  description = "Name of the bucket in which accesses are logged."
  value       = module.access_logs.name
}

output "key_policy" {
  description = "What a key must let others do with it, beside the account itself: a key of one's own needs these statements."
  value       = data.aws_iam_policy_document.key.json
}
