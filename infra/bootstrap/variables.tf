variable "region" {
  description = "Where the state lies; the environments may be elsewhere."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: an AWS region such as eu-west-1."
  }
}

variable "is_disposable" {
  description = "Whether terraform destroy may take the states with it."
  type        = bool
  default     = false
}
