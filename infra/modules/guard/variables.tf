variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string
}

variable "emails" {
  description = "Addresses that are told."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.emails : can(regex("^[^@ ]+@[^@ ]+$", each))])
    error_message = "emails: addresses such as operations@example.com."
  }
}

variable "dollars_a_month" {
  description = "What a month may cost; at 80 % of it, or when that is where the month is heading, it is told."
  type        = number

  validation {
    condition     = var.dollars_a_month > 0
    error_message = "dollars_a_month: more than 0."
  }
}

variable "streamed" {
  description = "Domains with a standing job."
  type        = set(string)
  default     = []
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

variable "compute_kind" {
  description = "cluster or serverless."
  type        = string

  validation {
    condition     = contains(["cluster", "serverless"], var.compute_kind)
    error_message = "compute_kind: cluster or serverless."
  }
}

variable "compute_id" {
  description = "The cluster or the application."
  type        = string
}

variable "worker" {
  description = "The ECS cluster and service in which the worker runs."
  type        = object({ cluster = string, service = string })
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
}

variable "key_arn" {
  description = "The key that messages are encrypted with."
  type        = string
}
