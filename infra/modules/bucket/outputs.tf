output "name" {
  description = "The bucket's name."
  value       = aws_s3_bucket.this.bucket
}

output "arn" {
  description = "Its ARN."
  value       = aws_s3_bucket.this.arn
}

# What other modules' tests hold their buckets to.
output "promises" {
  description = "How it is kept: key, days by the rules by which something expires, whether it is versioned, closed and safe from destroy, and what its policy refuses first."
  value = {
    key_arn   = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).kms_master_key_id
    algorithm = one(one(aws_s3_bucket_server_side_encryption_configuration.this.rule).apply_server_side_encryption_by_default).sse_algorithm
    expire_days = {
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      rule.id => one(rule.expiration).days if try(one(rule.expiration).days > 0, false)
    }
    deleted_days = {
      for rule in aws_s3_bucket_lifecycle_configuration.this.rule :
      rule.id => one(rule.noncurrent_version_expiration).noncurrent_days if length(rule.noncurrent_version_expiration) == 1
    }
    drops_markers = anytrue([for rule in aws_s3_bucket_lifecycle_configuration.this.rule : try(one(rule.expiration).expired_object_delete_marker, false) == true])
    is_versioned  = aws_s3_bucket_versioning.this.versioning_configuration[0].status == "Enabled"
    is_closed = (
      aws_s3_bucket_public_access_block.this.block_public_acls && aws_s3_bucket_public_access_block.this.block_public_policy &&
      aws_s3_bucket_public_access_block.this.ignore_public_acls && aws_s3_bucket_public_access_block.this.restrict_public_buckets
    )
    is_disposable = aws_s3_bucket.this.force_destroy
    refuses       = "${data.aws_iam_policy_document.this.statement[0].effect} ${one(data.aws_iam_policy_document.this.statement[0].condition).variable}"
    has_policy    = aws_s3_bucket_policy.this.bucket != ""
  }
}
