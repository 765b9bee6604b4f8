variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev; clusters carry it as a tag."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.name))
    error_message = "name: 3 to 30 small letters, digits and hyphens, a letter first."
  }
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

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "kafka_cluster" {
  description = "Name of the Kafka cluster."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9-]{1,64}$", var.kafka_cluster))
    error_message = "kafka_cluster: its name, letters, digits and hyphens."
  }
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

  validation {
    condition     = length(var.databases) > 0 && alltrue([for each in var.databases : can(regex("^[a-z][a-z0-9_]*_(bronze|silver|gold)$", each))])
    error_message = "databases: each ends in its layer, such as refinery_gold."
  }
}

variable "workgroup" {
  description = "Athena workgroup in which readers ask."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9._-]{1,128}$", var.workgroup))
    error_message = "workgroup: its name, letters, digits and ._-"
  }
}

variable "readers" {
  description = "ARNs of users and roles that may take the reader's role. By default the account says who, by its own policies."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.readers : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "readers: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "metrics_namespace" {
  description = "Namespace of the figures that jobs tell CloudWatch."
  type        = string
  default     = "Headrace"

  validation {
    condition     = can(regex("^[a-zA-Z0-9._/#-]{1,255}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "metrics_namespace: letters, digits and ._/#-; AWS/ is taken."
  }
}
