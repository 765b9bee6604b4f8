variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first; it becomes part of bucket names."
  }
}

variable "landing_days" {
  description = "Days for which landed files are kept; bronze has what they held."
  type        = number
  default     = 90

  validation {
    condition     = var.landing_days >= 7
    error_message = "landing_days: at least 7, so that a week's run can be made again from its files."
  }
}

variable "deleted_days" {
  description = "Days for which an object that was deleted or replaced can be had back."
  type        = number
  default     = 30

  validation {
    condition     = var.deleted_days >= 1
    error_message = "deleted_days: at least 1."
  }
}

variable "log_days" {
  description = "Days for which logs of buckets, clusters and steps are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.log_days >= 1
    error_message = "log_days: at least 1."
  }
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove buckets that hold data; the key can then be had back for 7 days and else for 30."
  type        = bool
  default     = false
}

variable "existing_key_arn" {
  description = "A key that is there already, whose policy has the statements of the output key_policy. null makes one."
  type        = string
  default     = null

  validation {
    condition     = var.existing_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.existing_key_arn))
    error_message = "existing_key_arn: null, or of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "has_data_events" {
  description = "Whether CloudTrail keeps who read and wrote which object of the lake and of landing, in the bucket of accesses; paid by the event."
  type        = bool
  default     = false
}

variable "more_log_groups" {
  description = "Log groups that the key may encrypt beside those whose name begins with /<name>/, for services that choose the name."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.more_log_groups : can(regex("^/aws/[a-zA-Z0-9_./#-]+$", each))])
    error_message = "more_log_groups: whole names of log groups below /aws/."
  }
}
