variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.name))
    error_message = "name: 3 to 30 small letters, digits and hyphens, a letter first; it becomes part of bucket names."
  }
}

variable "domains" {
  description = "Domains that live here."
  type        = set(string)

  validation {
    condition     = length(var.domains) > 0 && alltrue([for each in var.domains : can(regex("^[a-z][a-z0-9_]*$", each))])
    error_message = "domains: one at least, in small letters, digits and _."
  }
}

variable "queries" {
  description = "Folder with named queries in Athena's dialect."
  type        = string

  validation {
    condition     = length(fileset(var.queries, "*/*.sql")) > 0
    error_message = "queries: a folder with <domain>/<name>.sql; there is none."
  }
}

variable "database_prefix" {
  description = "Put before the databases' names, for two environments in one account."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z][a-z0-9_]*_)?$", var.database_prefix))
    error_message = "database_prefix: small letters, digits and _, ending in _, such as dev_."
  }
}

variable "cidr" {
  description = "Addresses of the network."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 20
    error_message = "cidr: an address block between /16 and /20, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones: 2 or 3."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones: 2 or 3."
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
  default     = "kafka.t3.small"

  validation {
    condition     = can(regex("^kafka[.][a-z0-9]+[.][a-z0-9]+$", var.broker_type))
    error_message = "broker_type: a type of MSK, such as kafka.t3.small or kafka.m7g.large."
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
    condition     = var.stream_kind == "serverless" || 0.8 * var.volume_gb >= var.gb_an_hour * var.retention_hours
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

variable "retention_hours" {
  description = "Hours for which a message can be read: for so long the standing job may be down and lose nothing."
  type        = number
  default     = 72

  validation {
    condition     = var.retention_hours >= 12
    error_message = "retention_hours: at least 12, so that a night without the standing job loses nothing."
  }
}

variable "compute_kind" {
  description = "Spark. cluster, which the standing job wants, or serverless."
  type        = string
  default     = "cluster"

  validation {
    condition     = contains(["cluster", "serverless"], var.compute_kind)
    error_message = "compute_kind: cluster or serverless."
  }
}

variable "core_nodes" {
  description = "Nodes of the cluster that are always there."
  type        = number
  default     = 1

  validation {
    condition     = var.core_nodes >= 1
    error_message = "core_nodes: at least 1."
  }
}

variable "most_nodes" {
  description = "Nodes that there may be with those from spot."
  type        = number
  default     = 4

  validation {
    condition     = var.most_nodes >= var.core_nodes && var.most_nodes <= 200
    error_message = "most_nodes: core_nodes, which are among them, to 200."
  }
}

variable "stops_when_idle" {
  description = "Whether the cluster ends when nothing ran for idle_minutes."
  type        = bool
  default     = true
}

variable "idle_minutes" {
  description = "Minutes without work after which it ends (cluster) or sleeps (serverless)."
  type        = number
  default     = 60

  validation {
    condition     = var.idle_minutes >= 1 && var.idle_minutes <= 10080
    error_message = "idle_minutes: 1 to 10080, a week."
  }
}

variable "has_way_out" {
  description = "Whether the cluster's first node has a way out, which scaling and ending want: docs/decisions/020-a-network-without-nat.md."
  type        = bool
  default     = true
}

variable "scan_limit_gb" {
  description = "Gigabytes that one query may read."
  type        = number
  default     = 10

  validation {
    condition     = var.scan_limit_gb >= 1 && var.scan_limit_gb <= 10000
    error_message = "scan_limit_gb: 1 to 10000."
  }
}

variable "readers" {
  description = "ARNs of those who may take the reader's role."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.readers : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "readers: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "prefect_api_url" {
  description = "Prefect's API."
  type        = string

  validation {
    condition     = can(regex("^https?://[^ ]+/api(/[^ ]*)?$", var.prefect_api_url))
    error_message = "prefect_api_url: as `prefect config view` shows it, https://…/api/…"
  }
}

variable "has_prefect_api_key" {
  description = "Whether Prefect wants a key."
  type        = bool
  default     = true
}

variable "prefect_api_key" {
  description = "The key, in no plan and no state."
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

variable "lock" {
  description = "File with the locked versions of all packages: what the worker installs is what everything was tried with."
  type        = string

  validation {
    condition     = can(regex("(?m)^[a-z0-9-]+(\\[[a-z0-9,-]+\\])?==", file(var.lock)))
    error_message = "lock: requirements.lock, which lists packages as name==1.2.3."
  }
}

variable "worker_needs" {
  description = "Names of the packages that flows need beside Prefect (boto3, prefect-aws, psutil) and of what those need; none where an image of one's own has them. A test holds the list."
  type        = set(string)
  default = [
    "aiobotocore", "aiohappyeyeballs", "aiohttp", "aioitertools", "aiosignal", "boto3", "botocore", "frozenlist", "jmespath",
    "multidict", "prefect-aws", "propcache", "psutil", "pyparsing", "s3transfer", "tenacity", "wrapt", "yarl",
  ]

  validation {
    condition     = alltrue([for each in var.worker_needs : can(regex("^[a-z0-9]+(-[a-z0-9]+)*$", each)) && can(regex("(?m)^${each}(\\[[a-z0-9,-]+\\])?==", file(var.lock)))])
    error_message = "worker_needs: names of packages that the lock file has, such as prefect-aws."
  }
}

variable "runs_at_once_a_domain" {
  description = "Flow runs of a domain that the worker has side by side: one of each deployment, so that runs which wait for their turn hold up nobody."
  type        = number
  default     = 12

  validation {
    condition     = var.runs_at_once_a_domain >= 1 && var.runs_at_once_a_domain <= 100
    error_message = "runs_at_once_a_domain: 1 to 100."
  }
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

variable "has_cost_tags" {
  description = "Whether the tag environment is activated in Billing: the budget then counts this environment alone, and else the whole account."
  type        = bool
  default     = false
}

variable "dollars_a_month" {
  description = "What a month may cost."
  type        = number

  validation {
    condition     = var.dollars_a_month >= 1
    error_message = "dollars_a_month: at least 1."
  }
}

variable "landing_days" {
  description = "Days for which landed files are kept."
  type        = number
  default     = 90

  validation {
    condition     = var.landing_days >= 7
    error_message = "landing_days: at least 7, so that a week's run can be made again from its files."
  }
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: a number of days that CloudWatch knows, such as 7, 14, 30, 60, 90, 180, 365 or 731."
  }
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove what holds data."
  type        = bool
  default     = false
}
