variable "name" {
  description = "Name of the workgroup, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
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

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.lake_bucket))
    error_message = "lake_bucket: the name of a bucket, without s3://."
  }
}

variable "results_bucket" {
  description = "Bucket for what queries answer, under athena/."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.results_bucket))
    error_message = "results_bucket: the name of a bucket, without s3://."
  }
}

variable "key_arn" {
  description = "The key that answers are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
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

  validation {
    condition     = length(fileset(var.queries, "*/*.sql")) > 0
    error_message = "queries: a folder with <domain>/<name>.sql; there is none."
  }
}

variable "reader_groups" {
  description = "Groups of readers who have a workgroup of their own."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.reader_groups : can(regex("^[a-z][a-z0-9]{0,11}$", each)) && each != "readers"])
    error_message = "reader_groups: names of 1 to 12 small letters and digits, a letter first; readers is taken."
  }
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove the workgroup with its history."
  type        = bool
  default     = false
}
