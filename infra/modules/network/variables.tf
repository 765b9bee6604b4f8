variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.name))
    error_message = "name: 3 to 30 small letters, digits and hyphens, a letter first."
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
  description = "Availability zones to spread over. Brokers want two at least, production three."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones: 2 or 3."
  }
}

variable "endpoints" {
  description = "AWS services that are reached without leaving the network, S3 aside, which always is."
  type        = set(string)
  default     = ["elasticmapreduce", "glue", "kms", "logs", "monitoring", "secretsmanager", "sns", "sts"]

  validation {
    condition     = alltrue([for each in var.endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", each)) && each != "s3"])
    error_message = "endpoints: names of services such as glue; S3 has its own."
  }
}

variable "has_cluster" {
  description = "Whether there is a cluster (EMR on EC2), which wants an endpoint of EMR's own."
  type        = bool
  default     = false
}

variable "has_way_out" {
  description = "Whether a cluster's first node may go out on 443 through a NAT gateway, which managed scaling and auto-termination want."
  type        = bool
  default     = false
}

variable "worker_ports" {
  description = "Ports on which the worker goes out beside 443: Prefect's API, where a server of one's own has another."
  type        = set(number)
  default     = []

  validation {
    condition     = alltrue([for port in var.worker_ports : port >= 1 && port <= 65535 && floor(port) == port])
    error_message = "worker_ports: whole numbers from 1 to 65535."
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
