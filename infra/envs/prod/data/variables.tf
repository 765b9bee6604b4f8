variable "region" {
  description = "Where all of it is, the same in data and compute."
  type        = string
  default     = "eu-west-1"

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region: an AWS region such as eu-west-1."
  }
}

variable "domains" {
  description = "Domains that live here: folders under domains/. Producers may write to their topics."
  type        = set(string)
  default     = ["refinery"]

  validation {
    condition     = length(var.domains) > 0 && alltrue([for each in var.domains : length(fileset("${path.module}/../../../../domains/${each}/contracts", "*.yml")) > 0])
    error_message = "domains: one at least, each a folder under domains/ with contracts."
  }
}

variable "zone_ids" {
  description = "The zones to take, by id (euw1-az1): the same in every account. By default the first that serve all of zone_services."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.zone_ids) == 0 || contains([2, 3], length(distinct(var.zone_ids))) && length(var.zone_ids) == length(distinct(var.zone_ids))
    error_message = "zone_ids: none, or 2 or 3 that differ."
  }

  validation {
    condition     = alltrue([for each in var.zone_ids : can(regex("^[a-z]+[0-9]-az[0-9]+$", each))])
    error_message = "zone_ids: ids such as euw1-az1, for names mean other zones in other accounts (aws ec2 describe-availability-zones)."
  }
}

variable "network" {
  description = "A network that is there already: it has an endpoint for S3, its private subnets carry EMR's tag, its outward ones reach Prefect's API. null makes one."
  type        = object({ vpc_id = string, private_subnets = list(string), outward_subnets = list(string) })
  default     = null

  validation {
    condition     = var.network == null || try(startswith(var.network.vpc_id, "vpc-") && contains([2, 3], length(var.network.private_subnets)) && length(var.network.outward_subnets) > 0, false)
    error_message = "network: null, or a vpc-…, 2 or 3 private subnets in as many zones, and outward subnets."
  }
}

variable "key_arn" {
  description = "A key that is there already, whose policy has the statements of the output key_policy. null makes one."
  type        = string
  default     = null

  validation {
    condition     = var.key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: null, or of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "stream_kind" {
  description = "Kafka. provisioned, or serverless, which is paid by what passes and has no brokers to size."
  type        = string
  default     = "provisioned"

  validation {
    condition     = contains(["provisioned", "serverless"], var.stream_kind)
    error_message = "stream_kind: provisioned or serverless."
  }
}

variable "broker_type" {
  description = "Machine of a broker."
  type        = string
  default     = "kafka.m7g.large"

  validation {
    condition     = can(regex("^kafka[.][a-z0-9]+[.][a-z0-9]+$", var.broker_type))
    error_message = "broker_type: a type of MSK, such as kafka.t3.small or kafka.m7g.large."
  }
}

variable "broker_monitoring" {
  description = "Which metrics MSK gives of brokers. DEFAULT is free and has all that alarms and dashboard show; the others (PER_BROKER, PER_TOPIC_PER_BROKER, PER_TOPIC_PER_PARTITION) are paid by the metric."
  type        = string
  default     = "DEFAULT"

  validation {
    condition     = contains(["DEFAULT", "PER_BROKER", "PER_TOPIC_PER_BROKER", "PER_TOPIC_PER_PARTITION"], var.broker_monitoring)
    error_message = "broker_monitoring: DEFAULT, PER_BROKER, PER_TOPIC_PER_BROKER or PER_TOPIC_PER_PARTITION."
  }
}

variable "volume_gb" {
  description = "Disk of a broker when it is made, in GB. Later changes go unseen, for it may have grown: see most_volume_gb."
  type        = number
  default     = 3300

  validation {
    condition     = var.volume_gb >= 10 && var.volume_gb <= 16384
    error_message = "volume_gb: 10 to 16384."
  }

  validation {
    condition     = var.stream_kind == "serverless" || 0.8 * var.volume_gb >= var.gb_an_hour * var.retention_hours
    error_message = "volume_gb: ${var.gb_an_hour} GB an hour for ${var.retention_hours} hours do not fit into four fifths of ${var.volume_gb} GB. Take larger disks or fewer hours."
  }
}

variable "most_volume_gb" {
  description = "What the disk of a broker may grow to by itself, in GB; null leaves it as it is."
  type        = number
  default     = 6000

  validation {
    condition     = coalesce(var.most_volume_gb, var.volume_gb) >= var.volume_gb && coalesce(var.most_volume_gb, var.volume_gb) <= 16384
    error_message = "most_volume_gb: null, or volume_gb to 16384."
  }
}

variable "gb_an_hour" {
  description = "What comes in, in GB an hour; each broker has a copy. 50,000 readings a second of 200 bytes are 36."
  type        = number
  default     = 36

  validation {
    condition     = var.gb_an_hour > 0
    error_message = "gb_an_hour: more than 0."
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

  validation {
    condition     = var.prefect_api_key == null || can(regex("^[^ ]+$", var.prefect_api_key))
    error_message = "prefect_api_key: not empty and without spaces; leave it out with has_prefect_api_key = false."
  }
}

variable "prefect_api_key_version" {
  description = "Raise it when the key has changed."
  type        = number
  default     = 1

  validation {
    condition     = var.prefect_api_key_version >= 1 && floor(var.prefect_api_key_version) == var.prefect_api_key_version
    error_message = "prefect_api_key_version: a whole number, 1 or more."
  }
}

variable "producers" {
  description = "Who may send: security_groups and cidrs reach the brokers, accounts may connect to them from networks of theirs (brokers larger than kafka.t3.small), roles (ARNs; by default whom the account's own policies let) may take the producer's role. docs/producers.md"
  type = object({
    security_groups = set(string)
    cidrs           = set(string)
    accounts        = set(string)
    roles           = set(string)
  })
  default = { security_groups = [], cidrs = [], accounts = [], roles = [] }

  validation {
    condition     = alltrue([for each in var.producers.roles : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "producers: roles are ARNs of users, roles or accounts, arn:aws:iam::…"
  }

  validation {
    condition     = length(var.producers.accounts) == 0 || var.stream_kind == "provisioned" && !startswith(var.broker_type, "kafka.t3.")
    error_message = "producers: other accounts reach brokers of one's own that are larger than kafka.t3.small: take kafka.m7g.large, say."
  }
}

variable "has_passwords" {
  description = "Whether brokers also let in those with a user name and password, as IoT Core comes: docs/producers.md"
  type        = bool
  default     = false

  validation {
    condition     = !var.has_passwords || var.stream_kind == "provisioned"
    error_message = "has_passwords: MSK Serverless knows IAM alone; take stream_kind = provisioned."
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

variable "tags" {
  description = "Tags that all of it carries beside project, environment and managed_by; machines of the cluster carry them, too."
  type        = map(string)
  default     = {}

  validation {
    condition     = length(setintersection(keys(var.tags), ["project", "environment", "managed_by"])) == 0
    error_message = "tags: project, environment and managed_by are taken; roles and the budget go by environment."
  }
}

variable "has_data_events" {
  description = "Whether CloudTrail keeps who read and wrote which object of the lake and of landing, in the bucket of accesses; paid by the event."
  type        = bool
  default     = false
}

variable "has_serving_database" {
  description = "Whether there is a database (PostgreSQL on RDS) that `headrace serve` fills and dashboards ask: docs/cloud.md"
  type        = bool
  default     = false
}

variable "serving_type" {
  description = "Machine of the serving database."
  type        = string
  default     = "db.m7g.large"

  validation {
    condition     = can(regex("^db[.][a-z0-9]+[.][a-z0-9]+$", var.serving_type))
    error_message = "serving_type: a class of RDS, such as db.t4g.micro or db.m7g.large."
  }
}

variable "serving_is_multi_az" {
  description = "Whether a second machine of it stands by in another zone. It costs as much as the first."
  type        = bool
  default     = true
}

variable "serving_gb" {
  description = "Disk of the serving database when it is made, in GB."
  type        = number
  default     = 100

  validation {
    condition     = var.serving_gb >= 20 && var.serving_gb <= 65536 && floor(var.serving_gb) == var.serving_gb
    error_message = "serving_gb: a whole number, 20 to 65536."
  }
}

variable "most_serving_gb" {
  description = "What that disk may grow to by itself, in GB; null leaves it as it is."
  type        = number
  default     = 500

  validation {
    condition     = coalesce(var.most_serving_gb, var.serving_gb) == var.serving_gb || coalesce(var.most_serving_gb, var.serving_gb) >= 1.1 * var.serving_gb && coalesce(var.most_serving_gb, var.serving_gb) <= 65536
    error_message = "most_serving_gb: null, or a tenth more than serving_gb at least, to 65536."
  }
}

variable "serving_clients" {
  description = "Security groups, of this network or of one that is peered, whose machines may ask the serving database beside the cluster and the worker."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.serving_clients : startswith(each, "sg-")])
    error_message = "serving_clients: ids of security groups, sg-…"
  }
}
