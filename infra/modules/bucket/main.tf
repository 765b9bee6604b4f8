# A bucket as all of ours are: encrypted, closed to the public and to plain HTTP, keeping what was deleted for a while.

resource "aws_s3_bucket" "this" {
  #checkov:skip=CKV_AWS_18:Who owns the bucket says where its accesses are logged; a log does not log itself
  #checkov:skip=CKV_AWS_144:One region: versions keep what was deleted, and a second region doubles the price
  #checkov:skip=CKV_AWS_145:By KMS unless has_kms says that it cannot be: S3 delivers logs of accesses to no such bucket
  #checkov:skip=CKV2_AWS_62:Nobody waits for events of it: streams list what is new

  bucket        = var.name
  force_destroy = var.is_disposable
  depends_on    = [var.key_arn] # so that the key is not given up before the bucket is gone
}

resource "aws_s3_bucket_versioning" "this" {
  bucket = aws_s3_bucket.this.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    bucket_key_enabled = var.has_kms

    apply_server_side_encryption_by_default {
      sse_algorithm     = var.has_kms ? "aws:kms" : "AES256"
      kms_master_key_id = var.key_arn
    }
  }
}

resource "aws_s3_bucket_public_access_block" "this" {
  bucket                  = aws_s3_bucket.this.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "this" {
  bucket = aws_s3_bucket.this.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "this" {
  bucket     = aws_s3_bucket.this.id
  depends_on = [aws_s3_bucket_versioning.this]

  rule {
    id     = "what-is-no-longer-current"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.deleted_days
    }

    # Else of whatever was deleted a marker stays for good, and listings go through all of them.
    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }

  # S3 goes by how a name begins and by nothing else, and of two rules by the one that removes sooner.
  dynamic "rule" {
    for_each = var.deleted_days_in

    content {
      id     = "what-is-no-longer-current-in-${rule.key}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      noncurrent_version_expiration {
        noncurrent_days = rule.value
      }
    }
  }

  dynamic "rule" {
    for_each = var.expire_days

    content {
      id     = "what-is-old${rule.key == "" ? "" : "-in-${rule.key}"}"
      status = "Enabled"

      filter {
        prefix = rule.key == "" ? null : rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }
}

data "aws_iam_policy_document" "this" {
  source_policy_documents = var.more_policies

  statement {
    sid       = "NothingWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [aws_s3_bucket.this.arn, "${aws_s3_bucket.this.arn}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "this" {
  bucket     = aws_s3_bucket.this.id
  policy     = data.aws_iam_policy_document.this.json
  depends_on = [aws_s3_bucket_public_access_block.this]
}
