variable "name" {
  description = "The bucket's own name, one in all of AWS."
  type        = string
}

variable "key_arn" {
  description = "The key that it is encrypted with; null takes the account's own key for S3."
  type        = string
  default     = null
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
}
