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

variable "has_kms" {
  description = "Whether KMS encrypts it. Where S3 delivers logs of accesses it must not: then S3's own keys do."
  type        = bool
  default     = true

  validation {
    condition     = var.has_kms || var.key_arn == null
    error_message = "has_kms: a key_arn is KMS's; leave it out with has_kms = false."
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

variable "deleted_days_in" {
  description = "The same for what is written again and again, by where its name begins: _heartbeats/ = 1."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for place, days in var.deleted_days_in : days >= 1 && place != ""])
    error_message = "deleted_days_in: at least 1 each, and where; deleted_days is for all of it."
  }
}

variable "expire_days" {
  description = "Days after which what is current is removed as well, by where its name begins: results/ = 90; \"\" is all of it."
  type        = map(number)
  default     = {}

  validation {
    condition     = alltrue([for days in values(var.expire_days) : days >= 1])
    error_message = "expire_days: at least 1 each."
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
