variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "vpc_id" {
  description = "The network."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id: of a network, vpc-…"
  }
}

variable "subnets" {
  description = "Private subnets, in two zones at least: RDS asks for two, also where the database is in one."
  type        = list(string)

  validation {
    condition     = length(var.subnets) >= 2
    error_message = "subnets: two at least, each in another zone."
  }
}

variable "clients" {
  description = "Security groups, of this network or of one that is peered, whose machines may ask the database."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.clients : startswith(each, "sg-")])
    error_message = "clients: ids of security groups, sg-…"
  }
}

variable "key_arn" {
  description = "The key that the database, its password and its log are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "engine_version" {
  description = "PostgreSQL's version, as RDS names it; by default the major of headrace/versions.yml. RDS takes its minor versions by itself."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^(1[5-9]|[2-9][0-9])([.][0-9]+)?$", coalesce(var.engine_version, "17")))
    error_message = "engine_version: of PostgreSQL, 15 or later, such as 17."
  }
}

variable "instance_type" {
  description = "Machine of the database. db.t4g.micro serves a trial; production wants db.m7g.large or more."
  type        = string
  default     = "db.t4g.micro"

  validation {
    condition     = can(regex("^db[.][a-z0-9]+[.][a-z0-9]+$", var.instance_type))
    error_message = "instance_type: a class of RDS, such as db.t4g.micro."
  }
}

variable "is_multi_az" {
  description = "Whether a second machine stands by in another zone. It costs as much as the first."
  type        = bool
  default     = false
}

variable "gb" {
  description = "Disk when it is made, in GB."
  type        = number
  default     = 20

  validation {
    condition     = var.gb >= 20 && var.gb <= 65536 && floor(var.gb) == var.gb
    error_message = "gb: a whole number, 20 to 65536."
  }
}

variable "most_gb" {
  description = "What the disk may grow to by itself, in GB; the same as gb leaves it as it is."
  type        = number
  default     = 100

  validation {
    condition     = var.most_gb == var.gb || var.most_gb >= 1.1 * var.gb && var.most_gb <= 65536
    error_message = "most_gb: gb, or a tenth more at least, to 65536."
  }
}

variable "backup_days" {
  description = "Days for which RDS can put it back to any second."
  type        = number
  default     = 7

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 35
    error_message = "backup_days: 1 to 35."
  }
}

variable "log_days" {
  description = "Days for which its log is kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: a number of days that CloudWatch knows, such as 7, 14, 30, 60, 90, 180, 365 or 731."
  }
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove it, without a last snapshot."
  type        = bool
  default     = false
}
