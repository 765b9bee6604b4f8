variable "name" {
  description = "The bucket's own name, one in all of AWS."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.name))
    error_message = "name: the name of a bucket, 3 to 63 small letters, digits, dots and hyphens."
  }
}

variable "key_arn" {
  description = "The key that it is encrypted with; null takes the account's own key for S3."
  type        = string
  default     = null

  validation {
    condition     = var.key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: null, or of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "deleted_days" {
  description = "Days for which an object that was deleted or replaced can be had back."
  type        = number

  validation {
    condition     = var.deleted_days >= 1
    error_message = "deleted_days: at least 1."
  }
}

variable "expires_days" {
  description = "Days after which what is current is removed as well; null keeps it."
  type        = number
  default     = null

  validation {
    condition     = var.expires_days == null || coalesce(var.expires_days, 1) >= 1
    error_message = "expires_days: null, or at least 1."
  }
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove it while it holds data."
  type        = bool
  default     = false
}

variable "more_policies" {
  description = "Policy documents whose statements are added to the one that refuses whoever comes without TLS."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.more_policies : can(jsondecode(each).Statement)])
    error_message = "more_policies: policies as JSON, each with statements."
  }
}
