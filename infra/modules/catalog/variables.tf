variable "name" {
  description = "Name of the workgroup, for example headrace-dev."
  type        = string
}

variable "domains" {
  description = "Domains whose tables are published, for example [\"refinery\"]."
  type        = set(string)

  validation {
    condition     = length(var.domains) > 0 && alltrue([for each in var.domains : can(regex("^[a-z][a-z0-9_]*$", each))])
    error_message = "domains: one at least, in small letters, digits and _."
  }
}

variable "prefix" {
  description = "Put before every database's name, for two environments in one account; by default nothing."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z][a-z0-9_]*_)?$", var.prefix))
    error_message = "prefix: small letters, digits and _, ending in _, such as dev_."
  }
}

variable "lake_bucket" {
  description = "Bucket with the tables."
  type        = string
}

variable "results_bucket" {
  description = "Bucket for what queries answer, under athena/."
  type        = string
}

variable "key_arn" {
  description = "The key that answers are encrypted with."
  type        = string
}

variable "scan_limit_gb" {
  description = "Gigabytes that one query may read; 10 cost about 5 US cents."
  type        = number
  default     = 10

  validation {
    condition     = var.scan_limit_gb >= 1 && var.scan_limit_gb <= 10000
    error_message = "scan_limit_gb: 1 to 10000."
  }
}

variable "queries" {
  description = "Folder with named queries in Athena's dialect: <domain>/<name>.sql, the question in the first line."
  type        = string
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove the workgroup with its history."
  type        = bool
  default     = false
}
