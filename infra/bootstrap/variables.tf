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

variable "service_linked_roles" {
  description = "Services whose own role the account lacks; AWS refuses to make one that is there. `headrace doctor --cloud` tells which. One that was made is not removed by terraform."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.service_linked_roles : endswith(each, ".amazonaws.com")])
    error_message = "service_linked_roles: names such as elasticmapreduce.amazonaws.com, spot.amazonaws.com, ecs.amazonaws.com or kafka.amazonaws.com."
  }
}

variable "has_github" {
  description = "Whether the account is to know GitHub, so that its runs can take an environment's deployer role; one provider an account."
  type        = bool
  default     = false
}
