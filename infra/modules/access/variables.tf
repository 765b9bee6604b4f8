variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev; clusters carry it as a tag."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
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

variable "reader_groups" {
  description = "Readers who are not to see each other's answers: by the name of their group, ARNs of those who may take its role. Each group has a workgroup of its own."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for group, who in var.reader_groups : can(regex("^[a-z][a-z0-9]{0,11}$", group)) && group != "readers"])
    error_message = "reader_groups: names of 1 to 12 small letters and digits, a letter first; readers is taken."
  }

  validation {
    condition     = alltrue([for each in flatten(values(var.reader_groups)) : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "reader_groups: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "deployers" {
  description = "ARNs of users and roles that may take the deployer's role. By default the account says who, by its own policies, or github does."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.deployers : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "deployers: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "github" {
  description = "Whose runs of GitHub Actions may take it: a repository and one branch. The account's provider for GitHub comes from infra/bootstrap."
  type        = object({ repository = string, branch = string })
  default     = null

  validation {
    condition     = var.github == null || try(can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository)) && can(regex("^[A-Za-z0-9._/-]+$", var.github.branch)), false)
    error_message = "github: null, or { repository = \"owner/name\", branch = \"main\" }, without *."
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

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what roles may do, where the organisation wants one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary: null, or of a policy, arn:aws:iam::…:policy/…"
  }
}

variable "serving" {
  description = "The serving database, as modules/data hands it over: where its password is kept, and what policies call it and its user; null where there is none."
  type        = object({ secret_arn = string, resource_id = string, iam_user = string })
  default     = null

  validation {
    condition     = var.serving == null || try(can(regex("^arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:.+$", var.serving.secret_arn)) && startswith(var.serving.resource_id, "db-") && can(regex("^[a-z_][a-z0-9_]*$", var.serving.iam_user)), false)
    error_message = "serving: null, or the ARN of a secret, a db-… and a user."
  }
}
