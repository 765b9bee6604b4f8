variable "name" {
  description = "The cluster's name, for example headrace-dev."
  type        = string
}

variable "kind" {
  description = "provisioned: brokers of a size of their own. serverless: paid by what passes, no brokers to size."
  type        = string
  default     = "provisioned"

  validation {
    condition     = contains(["provisioned", "serverless"], var.kind)
    error_message = "kind: provisioned or serverless."
  }
}

variable "kafka_version" {
  description = "Kafka's version, as MSK names it."
  type        = string
  default     = "3.9.x"
}

variable "subnets" {
  description = "One subnet a zone; a broker goes into each."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 2
    error_message = "subnets: 2 at least, for a message is kept twice before it counts as sent."
  }
}

variable "security_group" {
  description = "Who may reach the brokers."
  type        = string
}

variable "key_arn" {
  description = "The key that messages and logs are encrypted with."
  type        = string
}

variable "broker_type" {
  description = "Machine of a broker. kafka.t3.small serves a trial; production wants kafka.m7g.large or more."
  type        = string
  default     = "kafka.t3.small"

  validation {
    condition     = startswith(var.broker_type, "kafka.")
    error_message = "broker_type: a type of MSK, such as kafka.t3.small or kafka.m7g.large."
  }
}

variable "volume_gb" {
  description = "Disk of a broker, in GB. 50,000 readings a second of 200 bytes fill 36 GB an hour and copy."
  type        = number
  default     = 100

  validation {
    condition     = var.volume_gb >= 10 && var.volume_gb <= 16384
    error_message = "volume_gb: 10 to 16384."
  }
}

variable "partitions" {
  description = "Partitions of a topic that does not say how many."
  type        = number
  default     = 6

  validation {
    condition     = var.partitions >= 1
    error_message = "partitions: at least 1."
  }
}

variable "retention_hours" {
  description = "Hours for which a message can be read: for so long the standing job may be down and lose nothing."
  type        = number
  default     = 72

  validation {
    condition     = var.retention_hours >= 12
    error_message = "retention_hours: at least 12, so that a night without the standing job loses nothing."
  }
}

variable "log_days" {
  description = "Days for which the brokers' logs are kept."
  type        = number
  default     = 365
}
