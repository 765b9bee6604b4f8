variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string
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
  default     = ["athena", "elasticmapreduce", "glue", "kms", "logs", "monitoring", "secretsmanager", "sns", "sts"]
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
}

variable "log_days" {
  description = "Days for which the log of refused traffic is kept."
  type        = number
  default     = 365
}
