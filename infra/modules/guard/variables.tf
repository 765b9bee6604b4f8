variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "emails" {
  description = "Addresses that are told."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0 && alltrue([for each in var.emails : can(regex("^[^@ ]+@[^@ ]+$", each))])
    error_message = "emails: one address at least, such as operations@example.com, or what it costs and what fails is told to nobody."
  }
}

variable "dollars_a_month" {
  description = "What a month may cost; at 80 % of it, or when that is where the month is heading, it is told."
  type        = number

  validation {
    condition     = var.dollars_a_month >= 1
    error_message = "dollars_a_month: at least 1."
  }
}

variable "dollars_a_day" {
  description = "What a day may cost; null for twice the share that a day has of dollars_a_month."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.dollars_a_day, 1) > 0
    error_message = "dollars_a_day: more than 0, or null."
  }
}

variable "has_cost_tags" {
  description = "Whether Billing counts by the tag environment, which is activated there once: docs/cloud.md. The budgets count this environment by it; where it is not activated they see nothing, and false has them count the whole account."
  type        = bool
  default     = true
}

variable "streamed" {
  description = "Domains with a standing job."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.streamed : can(regex("^[a-z][a-z0-9_]*$", each))])
    error_message = "streamed: names of domains, in small letters, digits and _."
  }
}

variable "most_behind" {
  description = "Messages by which a standing job may be behind its topics."
  type        = number
  default     = 200000

  validation {
    condition     = var.most_behind >= 1
    error_message = "most_behind: at least 1."
  }
}

variable "brokers" {
  description = "Brokers of its Kafka cluster, which has its name; 0 where there are none to watch."
  type        = number
  default     = 0

  validation {
    condition     = var.brokers >= 0 && floor(var.brokers) == var.brokers
    error_message = "brokers: a whole number, 0 or more."
  }
}

variable "compute" {
  description = "What there is to watch: the id of a cluster, of an application of EMR Serverless, or of both, by cluster and serverless."
  type        = map(string)

  validation {
    condition     = length(var.compute) > 0 && length(setsubtract(keys(var.compute), ["cluster", "serverless"])) == 0
    error_message = "compute: an id by cluster, by serverless, or both."
  }

  validation {
    condition     = alltrue([for each in values(var.compute) : can(regex("^(j-[0-9A-Z]+|[0-9a-z]+)$", each))])
    error_message = "compute: ids of a cluster (j-…) or of an application of EMR Serverless."
  }
}

variable "worker" {
  description = "The ECS cluster and service in which the worker runs."
  type        = object({ cluster = string, service = string })

  validation {
    condition     = length(var.worker.cluster) > 0 && length(var.worker.service) > 0
    error_message = "worker: a cluster and a service by their names."
  }
}

variable "idle_minutes" {
  description = "Minutes without work after which an idle cluster is told."
  type        = number
  default     = 120

  validation {
    condition     = var.idle_minutes >= 5 && var.idle_minutes <= 1440
    error_message = "idle_minutes: 5 to 1440."
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

variable "key_arn" {
  description = "The key that messages are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "serving" {
  description = "The serving database: its name in CloudWatch and the disk that it was made with; null where there is none to watch."
  type        = object({ identifier = string, gb = number })
  default     = null

  validation {
    condition     = var.serving == null || try(can(regex("^[a-z][a-z0-9-]*$", var.serving.identifier)) && var.serving.gb >= 20, false)
    error_message = "serving: null, or a name of RDS and 20 GB at least."
  }
}
