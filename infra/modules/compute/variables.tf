variable "name" {
  description = "The cluster's name, for example headrace-dev; it carries it as its tag `environment`, too."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "kind" {
  description = "Where the standing job runs. cluster: EMR on EC2, which is cheaper for what never ends. serverless: EMR Serverless."
  type        = string
  default     = "cluster"

  validation {
    condition     = contains(["cluster", "serverless"], var.kind)
    error_message = "kind: cluster or serverless."
  }
}

variable "batch_kind" {
  description = "Where everything else runs, by default there as well. serverless: an application of EMR Serverless, which costs nothing between runs and takes nothing from the standing job. cluster: beside the standing job, on nodes from Spot."
  type        = string
  default     = null

  validation {
    condition     = contains(["cluster", "serverless"], coalesce(var.batch_kind, var.kind))
    error_message = "batch_kind: cluster or serverless."
  }

  validation {
    condition     = var.kind == "cluster" || coalesce(var.batch_kind, var.kind) == "serverless"
    error_message = "batch_kind: serverless where kind is serverless, for there is no cluster."
  }
}

variable "architecture" {
  description = "Of all machines: arm64 (Graviton, a fifth cheaper) or x86_64; by default that of headrace/versions.yml. `headrace package` packs for it."
  type        = string
  default     = null

  validation {
    condition     = contains(["arm64", "x86_64"], coalesce(var.architecture, "arm64"))
    error_message = "architecture: arm64 or x86_64."
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
  description = "Machine of a primary node, which runs no tasks but holds the driver of each step: 4 GB a step. By default the first of the usual ten that the region has: r7g.xlarge, or r7i.xlarge on x86_64."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9-]+[.][a-z0-9-]+$", coalesce(var.main_type, "r7g.xlarge")))
    error_message = "main_type: a type of EC2, such as r7g.xlarge."
  }
}

variable "main_nodes" {
  description = "Primary nodes: 1, or 3, of which one may fail and is replaced by EMR itself. A cluster with 3 does not end when idle, and is protected: before terraform makes it anew or destroys it, `aws emr set-termination-protection --no-termination-protected --cluster-ids j-…`."
  type        = number
  default     = 1

  validation {
    condition     = contains([1, 3], var.main_nodes)
    error_message = "main_nodes: 1 or 3."
  }
}

variable "node_types" {
  description = "Machines of all other nodes, alike in size; the more there are, the more Spot there is. By default ten types of 4 cores and 32 GB, of which those are taken that the region has."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.node_types) <= 30 && alltrue([for each in var.node_types : can(regex("^[a-z0-9-]+[.](large|([248]|12|16)?xlarge)$", each))])
    error_message = "node_types: up to 30 types of EC2, from large to 16xlarge, such as r7g.xlarge."
  }

  validation {
    condition     = length(distinct([for each in var.node_types : split(".", each)[1]])) <= 1
    error_message = "node_types: all of one size, such as xlarge, for executors are sized once."
  }
}

variable "executor_cores" {
  description = "Cores of an executor; its memory follows from the node's."
  type        = number
  default     = 2

  validation {
    condition     = var.executor_cores >= 1 && var.executor_cores <= 16 && floor(var.executor_cores) == var.executor_cores
    error_message = "executor_cores: 1 to 16."
  }
}

variable "node_memory_gb" {
  description = "Memory of a node, in GB; by default by its type's family: r and i have 8 a core, m 4, c 2."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.node_memory_gb, 32) >= 8
    error_message = "node_memory_gb: at least 8, or null."
  }
}

variable "python_share" {
  description = "Share of an executor's memory outside its heap: Python and Arrow live there."
  type        = number
  default     = 0.3

  validation {
    condition     = var.python_share >= 0.1 && var.python_share <= 0.6
    error_message = "python_share: 0.1 to 0.6."
  }
}

variable "certificates_s3" {
  description = "Certificates by which nodes speak TLS with each other: s3://<bucket artifacts>/code/certificates.zip, which docs/cloud.md says how to make. Without, they speak openly within their private subnets."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^s3://[a-z0-9.-]+/.+[.]zip$", coalesce(var.certificates_s3, "s3://bucket/code/certificates.zip")))
    error_message = "certificates_s3: of a zip file, s3://…/code/certificates.zip."
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
    condition     = var.most_cores >= 8
    error_message = "most_cores: at least 8, a driver and an executor of 4 each."
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
  description = "Whether the cluster ends when nothing ran for idle_minutes. The next run on it then finds it gone, and says so."
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

variable "permissions_boundary" {
  description = "ARN of the policy that bounds what roles may do, where the organisation wants one."
  type        = string
  default     = null

  validation {
    condition     = var.permissions_boundary == null || can(regex("^arn:[a-z-]+:iam::([0-9]{12}|aws):policy/.+$", var.permissions_boundary))
    error_message = "permissions_boundary: null, or of a policy, arn:aws:iam::…:policy/…"
  }
}
