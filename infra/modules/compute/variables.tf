variable "name" {
  description = "The cluster's name, for example headrace-dev; it carries it as its tag `environment`, too."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,29}$", var.name))
    error_message = "name: 3 to 30 small letters, digits and hyphens, a letter first."
  }
}

variable "kind" {
  description = "cluster: EMR on EC2, which the standing job and many steps want. serverless: EMR Serverless, for now and then."
  type        = string
  default     = "cluster"

  validation {
    condition     = contains(["cluster", "serverless"], var.kind)
    error_message = "kind: cluster or serverless."
  }
}

variable "release" {
  description = "EMR's release: by default that of headrace/versions.yml, else another patch of the same minor."
  type        = string
  default     = null

  validation {
    condition     = var.release == null || can(regex("^${local.minor}[.][0-9]+$", var.release))
    error_message = "release: ${local.minor}.0 or another patch of it; the jars and headrace/versions.yml fit no other minor."
  }
}

variable "subnets" {
  description = "Private subnets; a cluster starts in one of them that has room."
  type        = list(string)

  validation {
    condition     = length(var.subnets) > 0
    error_message = "subnets: one at least."
  }
}

variable "security_groups" {
  description = "Groups of the cluster's first node, its other nodes, and of EMR itself."
  type = object({
    main    = string
    core    = string
    service = string
  })

  validation {
    condition     = alltrue([for each in values(var.security_groups) : startswith(each, "sg-")])
    error_message = "security_groups: ids, sg-…"
  }
}

variable "job_role_arn" {
  description = "The role that jobs run as."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", var.job_role_arn))
    error_message = "job_role_arn: of a role, arn:aws:iam::…:role/…"
  }
}

variable "job_instance_profile_arn" {
  description = "The same, as nodes carry it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:instance-profile/.+$", var.job_instance_profile_arn))
    error_message = "job_instance_profile_arn: of an instance profile, arn:aws:iam::…:instance-profile/…"
  }
}

variable "key_arn" {
  description = "The key that disks are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "logs_bucket" {
  description = "Bucket for the logs of steps, under emr/."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.logs_bucket))
    error_message = "logs_bucket: the name of a bucket, without s3://."
  }
}

variable "main_type" {
  description = "Machine of the first node, which runs no tasks but holds the driver of each step: 4 GB a step."
  type        = string
  default     = "r7i.xlarge"

  validation {
    condition     = can(regex("^[a-z0-9-]+[.][a-z0-9-]+$", var.main_type))
    error_message = "main_type: a type of EC2, such as r7i.xlarge."
  }
}

variable "node_types" {
  description = "Machines of all other nodes, alike in size; the more there are, the more spot there is."
  type        = list(string)
  default     = ["r7i.xlarge", "r6i.xlarge", "r5.xlarge"]

  validation {
    condition     = length(var.node_types) >= 1 && length(var.node_types) <= 30
    error_message = "node_types: 1 to 30."
  }
}

variable "node_gb" {
  description = "Disk of a node for what Spark spills, in GB."
  type        = number
  default     = 128

  validation {
    condition     = var.node_gb >= 32
    error_message = "node_gb: at least 32."
  }
}

variable "core_nodes" {
  description = "Nodes that are always there."
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
    condition     = var.most_nodes >= 1 && var.most_nodes <= 200
    error_message = "most_nodes: 1 to 200."
  }

  validation {
    condition     = var.most_nodes >= var.core_nodes
    error_message = "most_nodes: not below core_nodes, which are among them."
  }
}

variable "most_cores" {
  description = "Cores that a serverless application may use at once."
  type        = number
  default     = 32

  validation {
    condition     = var.most_cores >= 4
    error_message = "most_cores: at least 4, a driver and an executor."
  }
}

variable "steps_at_once" {
  description = "Steps that run side by side, the standing job of each domain among them."
  type        = number
  default     = 6

  validation {
    condition     = var.steps_at_once >= 2 && var.steps_at_once <= 256
    error_message = "steps_at_once: 2 to 256; the standing job holds one for good."
  }
}

variable "stops_when_idle" {
  description = "Whether the cluster ends when nothing ran for idle_minutes. The next run then finds it gone, and says so."
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
