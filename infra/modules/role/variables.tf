variable "name" {
  description = "The role's name."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9+=,.@_-]{1,64}$", var.name))
    error_message = "name: 1 to 64 letters, digits and +=,.@_-"
  }
}

variable "account" {
  description = "The account on whose behalf a service may take it."
  type        = string

  validation {
    condition     = can(regex("^[0-9]{12}$", var.account))
    error_message = "account: 12 digits."
  }
}

variable "services" {
  description = "AWS services that take it."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.services : endswith(each, ".amazonaws.com")])
    error_message = "services: names such as ec2.amazonaws.com."
  }
}

variable "principals" {
  description = "ARNs of users, roles or accounts that take it."
  type        = list(string)
  default     = []

  validation {
    condition     = !contains(var.principals, "*")
    error_message = "principals: name who may take the role; * is everybody."
  }
}

variable "policy" {
  description = "What it may do."
  type        = string

  validation {
    condition     = can(jsondecode(var.policy).Statement)
    error_message = "policy: as JSON, with statements."
  }
}

variable "hours" {
  description = "Hours for which it can be taken at once."
  type        = number
  default     = 1

  validation {
    condition     = var.hours >= 1 && var.hours <= 12
    error_message = "hours: 1 to 12."
  }
}

variable "identities" {
  description = "Who else takes it, by an OIDC provider of the account: provider (its address without https://), audience, subject."
  type        = list(object({ provider = string, audience = string, subject = string }))
  default     = []

  validation {
    condition     = alltrue([for each in var.identities : !strcontains(each.provider, "://") && !strcontains("${each.audience}${each.subject}", "*") && length(each.audience) > 0 && length(each.subject) > 0])
    error_message = "identities: a provider without https://, an audience and a whole subject; * would let in whoever the provider vouches for."
  }
}

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what roles may do, where the organisation wants one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary: null, or of a policy, arn:aws:iam::…:policy/…"
  }
}
