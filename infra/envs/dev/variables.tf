variable "region" {
  description = "Where all of it is."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: an AWS region such as eu-west-1."
  }
}

variable "domains" {
  description = "Domains that live here: folders under domains/."
  type        = set(string)
  default     = ["refinery"]
}

variable "database_prefix" {
  description = "Put before the databases' names, for two environments in one account, such as dev_."
  type        = string
  default     = ""
}

variable "stream" {
  description = "Kafka. kind: provisioned, or serverless, which is paid by what passes."
  type = object({
    kind            = optional(string, "provisioned")
    broker_type     = optional(string, "kafka.t3.small")
    volume_gb       = optional(number, 20)
    retention_hours = optional(number, 24)
  })
  default = {}
}

variable "compute" {
  description = "Spark. kind: cluster, which the standing job wants, or serverless. has_way_out: docs/decisions/020-a-network-without-nat.md."
  type = object({
    kind            = optional(string, "cluster")
    core_nodes      = optional(number, 1)
    most_nodes      = optional(number, 3)
    stops_when_idle = optional(bool, true)
    idle_minutes    = optional(number, 60)
    has_way_out     = optional(bool, true)
  })
  default = {}
}

variable "prefect_api_url" {
  description = "Prefect's API, as `prefect config view` shows it."
  type        = string
}

variable "has_prefect_api_key" {
  description = "Whether Prefect wants a key: Prefect Cloud does, a server of yours may not."
  type        = bool
  default     = true
}

variable "prefect_api_key" {
  description = "The key, best given as TF_VAR_prefect_api_key. It is in no plan and no state."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "prefect_api_key_version" {
  description = "Raise it when the key has changed."
  type        = number
  default     = 1
}

variable "emails" {
  description = "Addresses that are told of money, lag, failures and silence."
  type        = set(string)
  default     = []
}

variable "dollars_a_month" {
  description = "What a month may cost; told at 80 % of it."
  type        = number
  default     = 300
}
