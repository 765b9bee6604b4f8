variable "name" {
  description = "The cluster's name, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
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
  description = "Kafka's version, as MSK names it; by default that of headrace/versions.yml."
  type        = string
  default     = null

  validation {
    condition     = var.kafka_version == null || can(regex("^[0-9]+[.][0-9]+[.]([0-9]+|x)([.][a-z]+)?$", var.kafka_version))
    error_message = "kafka_version: as MSK names it, such as 3.9.x."
  }
}

variable "subnets" {
  description = "One subnet a zone; a broker goes into each."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 2 && length(var.subnets) <= 3
    error_message = "subnets: 2 or 3, for a message is kept once in each."
  }

  validation {
    condition     = alltrue([for each in var.subnets : startswith(each, "subnet-")])
    error_message = "subnets: ids, subnet-…"
  }
}

variable "security_group" {
  description = "Who may reach the brokers."
  type        = string

  validation {
    condition     = startswith(var.security_group, "sg-")
    error_message = "security_group: the id of one, sg-…"
  }
}

variable "key_arn" {
  description = "The key that messages and logs are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
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

variable "monitoring" {
  description = "Which metrics MSK gives of brokers. DEFAULT is free and has all that alarms and dashboard show; the others (PER_BROKER, PER_TOPIC_PER_BROKER, PER_TOPIC_PER_PARTITION) are paid by the metric."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"], var.monitoring)
    error_message = "monitoring: DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  }
}

variable "volume_gb" {
  description = "Disk of a broker when it is made, in GB. Later changes go unseen, for it may have grown: see most_volume_gb."
  type        = number
  default     = 100

  validation {
    condition     = var.volume_gb >= 10 && var.volume_gb <= 16384
    error_message = "volume_gb: 10 to 16384."
  }

  validation {
    condition     = var.kind == "serverless" || 0.8 * var.volume_gb >= var.gb_an_hour * var.retention_hours
    error_message = "volume_gb: ${var.gb_an_hour} GB an hour for ${var.retention_hours} hours do not fit into four fifths of ${var.volume_gb} GB. Take larger disks or fewer hours."
  }
}

variable "most_volume_gb" {
  description = "What the disk of a broker may grow to by itself, in GB; null leaves it as it is."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.most_volume_gb, var.volume_gb) >= var.volume_gb && coalesce(var.most_volume_gb, var.volume_gb) <= 16384
    error_message = "most_volume_gb: null, or volume_gb to 16384."
  }
}

variable "gb_an_hour" {
  description = "What comes in, in GB an hour; each broker has a copy. 50,000 readings a second of 200 bytes are 36."
  type        = number
  default     = 1

  validation {
    condition     = var.gb_an_hour > 0
    error_message = "gb_an_hour: more than 0."
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

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: a number of days that CloudWatch knows, such as 7, 14, 30, 60, 90, 180, 365 or 731."
  }
}

variable "producer_accounts" {
  description = "Other accounts that may connect to the brokers from networks of theirs (MSK multi-VPC connectivity)."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.producer_accounts : can(regex("^[0-9]{12}$", each))])
    error_message = "producer_accounts: ids of accounts, 12 digits each."
  }

  validation {
    condition     = length(var.producer_accounts) == 0 || var.kind == "provisioned" && !startswith(var.broker_type, "kafka.t3.")
    error_message = "producer_accounts: other accounts reach brokers of one's own that are larger than kafka.t3.small: take kafka.m7g.large, say."
  }
}

variable "has_passwords" {
  description = "Whether brokers also let in those with a user name and password (SASL/SCRAM), as IoT Core comes."
  type        = bool
  default     = false

  validation {
    condition     = !var.has_passwords || var.kind == "provisioned"
    error_message = "has_passwords: MSK Serverless knows IAM alone; take stream_kind = provisioned."
  }
}
