variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "cidr" {
  description = "Addresses of the network, a /16 to /20."
  type        = string
  default     = "10.20.0.0/16"

  validation {
    condition     = can(cidrhost(var.cidr, 0)) && tonumber(split("/", var.cidr)[1]) >= 16 && tonumber(split("/", var.cidr)[1]) <= 20
    error_message = "cidr: an address block between /16 and /20, such as 10.20.0.0/16."
  }
}

variable "zones" {
  description = "Availability zones to spread over at most. Brokers want two at least, production three; where a region has two, two are taken."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones: 2 or 3."
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

variable "zone_services" {
  description = "Services that a zone must serve to be taken, by the names of their endpoints."
  type        = set(string)
  default     = ["elasticmapreduce", "emr-serverless", "glue", "kms", "logs", "monitoring", "sts"]

  validation {
    condition     = alltrue([for each in var.zone_services : can(regex("^[a-z0-9][a-z0-9.-]*$", each))])
    error_message = "zone_services: names of services such as glue."
  }
}

variable "existing" {
  description = "A network that is there already: it has an endpoint for S3, its private subnets carry EMR's tag, its outward ones reach Prefect's API. null makes one."
  type        = object({ vpc_id = string, private_subnets = list(string), outward_subnets = list(string) })
  default     = null

  validation {
    condition     = var.existing == null || try(startswith(var.existing.vpc_id, "vpc-") && contains([2, 3], length(var.existing.private_subnets)) && length(var.existing.outward_subnets) > 0, false)
    error_message = "existing: null, or a vpc-…, 2 or 3 private subnets in as many zones, and outward subnets."
  }
}

variable "producers" {
  description = "Who may reach the brokers from outside of this environment: security groups by id, and blocks of addresses."
  type        = object({ security_groups = set(string), cidrs = set(string) })
  default     = { security_groups = [], cidrs = [] }

  validation {
    condition     = alltrue([for each in var.producers.security_groups : startswith(each, "sg-")])
    error_message = "producers: security_groups are ids, sg-…"
  }

  validation {
    condition     = alltrue([for each in var.producers.cidrs : can(cidrhost(each, 0)) && try(tonumber(split("/", each)[1]), 0) >= 8])
    error_message = "producers: cidrs are blocks of addresses of a network of yours, such as 10.30.0.0/16."
  }
}

variable "producer_ports" {
  description = "Ports on which they reach them: 9098 with IAM, 9096 with passwords."
  type        = set(number)
  default     = [9098]

  validation {
    condition     = length(setsubtract(var.producer_ports, [9096, 9098])) == 0
    error_message = "producer_ports: 9098, 9096 or both."
  }
}

variable "key_arn" {
  description = "The key that the log of the network's traffic is encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "log_days" {
  description = "Days for which the log of refused traffic is kept."
  type        = number
  default     = 365

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_days)
    error_message = "log_days: a number of days that CloudWatch knows, such as 7, 14, 30, 60, 90, 180, 365 or 731."
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
