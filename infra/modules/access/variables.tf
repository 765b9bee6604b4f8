variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev; clusters carry it as a tag."
  type        = string
}

variable "bucket_arns" {
  description = "The buckets, by kind: landing, lake, artifacts, logs."
  type        = map(string)

  validation {
    condition     = toset(keys(var.bucket_arns)) == toset(["landing", "lake", "artifacts", "logs"])
    error_message = "bucket_arns: one each for landing, lake, artifacts and logs."
  }
}

variable "key_arn" {
  description = "The key that all of it is encrypted with."
  type        = string
}

variable "kafka_cluster" {
  description = "Name of the Kafka cluster."
  type        = string
}

variable "domains" {
  description = "Domains whose silver and gold are for readers."
  type        = set(string)

  validation {
    condition     = alltrue([for each in var.domains : can(regex("^[a-z][a-z0-9_]*$", each))])
    error_message = "domains: folders under domains/, in small letters, such as refinery."
  }
}

variable "databases" {
  description = "Glue databases that jobs publish to; those of silver and gold are for readers."
  type        = list(string)
}

variable "workgroup" {
  description = "Athena workgroup in which readers ask."
  type        = string
}

variable "readers" {
  description = "ARNs of users and roles that may take the reader's role. By default the account says who, by its own policies."
  type        = list(string)
  default     = []
}

variable "metrics_namespace" {
  description = "Namespace of the figures that jobs tell CloudWatch."
  type        = string
  default     = "Headrace"
}
