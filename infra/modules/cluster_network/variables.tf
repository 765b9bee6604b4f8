variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "network" {
  description = "What modules/network made, as its outputs say."
  type = object({
    vpc_id          = string
    cidrs           = list(string)
    private_subnets = list(string)
    outward_subnets = list(string)
    private_routes  = string
    s3_prefix_list  = string
    brokers_group   = string
  })

  validation {
    condition     = length(var.network.private_subnets) > 0 && length(var.network.outward_subnets) > 0 && length(var.network.cidrs) > 0 && startswith(var.network.brokers_group, "sg-")
    error_message = "network: addresses, subnets of both kinds and the group of the brokers, sg-…"
  }
}

variable "endpoints" {
  description = "AWS services for which endpoints are made, S3 aside, which has one: all that jobs reach from private subnets, less those that a network which was there already has."
  type        = set(string)
  nullable    = false
  default     = ["elasticmapreduce", "glue", "kms", "logs", "monitoring", "sts"]

  validation {
    condition     = alltrue([for each in var.endpoints : can(regex("^[a-z0-9][a-z0-9.-]*$", each)) && each != "s3"])
    error_message = "endpoints: names of services such as glue; S3 has its own."
  }
}

variable "has_emr_endpoint" {
  description = "Whether the endpoint is made by which a cluster and EMR speak; false where the network has one already, for there can be one alone."
  type        = bool
  default     = true
}

variable "has_cluster" {
  description = "Whether there is a cluster (EMR on EC2), which wants an endpoint of EMR's own."
  type        = bool
  default     = false
}

variable "has_way_out" {
  description = "Whether a cluster's first node may go out on 443, which managed scaling and auto-termination want: through a NAT gateway that is made, or by the way that a network which was there already has."
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

variable "serving_group" {
  description = "Security group of the serving database, which lets in the cluster and the worker; null where there is none."
  type        = string
  default     = null

  validation {
    condition     = startswith(coalesce(var.serving_group, "sg-"), "sg-")
    error_message = "serving_group: null, or of a security group, sg-…"
  }
}
