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
  description = "Domains that live here: folders under domains/."
  type        = set(string)
  default     = ["refinery"]

  validation {
    condition     = length(var.domains) > 0 && alltrue([for each in var.domains : length(fileset("${path.module}/../../../../domains/${each}/contracts", "*.yml")) > 0])
    error_message = "domains: one at least, each a folder under domains/ with contracts."
  }
}

variable "database_prefix" {
  description = "Put before the databases' names, for two environments in one account and region, such as prod_."
  type        = string
  default     = ""

  validation {
    condition     = can(regex("^([a-z][a-z0-9_]*_)?$", var.database_prefix))
    error_message = "database_prefix: small letters, digits and _, ending in _, such as dev_."
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
  default     = 2

  validation {
    condition     = var.core_nodes >= 1
    error_message = "core_nodes: at least 1."
  }
}

variable "most_nodes" {
  description = "Nodes that there may be with those from spot."
  type        = number
  default     = 10

  validation {
    condition     = var.most_nodes >= var.core_nodes && var.most_nodes <= 200
    error_message = "most_nodes: core_nodes, which are among them, to 200."
  }
}

variable "batch_kind" {
  description = "Where all but the standing job runs: cluster, beside it, or serverless, which costs nothing between runs. docs/decisions/040-batch-beside-the-standing-job.md"
  type        = string
  default     = "serverless"

  validation {
    condition     = contains(["cluster", "serverless"], coalesce(var.batch_kind, var.compute_kind)) && (var.compute_kind == "cluster" || coalesce(var.batch_kind, var.compute_kind) == "serverless")
    error_message = "batch_kind: cluster or serverless; serverless where compute_kind is."
  }
}

variable "most_cores" {
  description = "Cores that EMR Serverless may use at once."
  type        = number
  default     = 32

  validation {
    condition     = var.most_cores >= 8
    error_message = "most_cores: at least 8, a driver and an executor of 4 each."
  }
}

variable "release" {
  description = "EMR's release: by default that of headrace/versions.yml, else another patch of the same minor."
  type        = string
  default     = null

  validation {
    condition     = var.release == null || can(regex("^emr-spark-[0-9]+[.][0-9]+[.][0-9]+$", var.release))
    error_message = "release: of the line emr-spark, as headrace/versions.yml names one."
  }
}

variable "architecture" {
  description = "Of all machines: arm64 (Graviton) or x86_64; by default that of headrace/versions.yml."
  type        = string
  default     = null

  validation {
    condition     = contains(["arm64", "x86_64"], coalesce(var.architecture, "arm64"))
    error_message = "architecture: arm64 or x86_64."
  }
}

variable "main_type" {
  description = "Machine of a primary node of the cluster; null for the usual one."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[a-z0-9-]+[.][a-z0-9-]+$", coalesce(var.main_type, "r7g.xlarge")))
    error_message = "main_type: a type of EC2, such as r7g.xlarge."
  }
}

variable "main_nodes" {
  description = "Primary nodes of the cluster: 1, or 3, of which one may fail."
  type        = number
  default     = 3

  validation {
    condition     = contains([1, 3], var.main_nodes)
    error_message = "main_nodes: 1 or 3."
  }
}

variable "node_types" {
  description = "Machines of all other nodes, alike in size; by default ten types of 4 cores and 32 GB."
  type        = list(string)
  default     = []

  validation {
    condition     = length(var.node_types) <= 30
    error_message = "node_types: up to 30 types of EC2."
  }
}

variable "node_gb" {
  description = "Disk of a node, in GB."
  type        = number
  default     = 128

  validation {
    condition     = var.node_gb >= 32
    error_message = "node_gb: at least 32."
  }
}

variable "executor_cores" {
  description = "Cores of an executor on the cluster; its memory follows from the node's."
  type        = number
  default     = 2

  validation {
    condition     = var.executor_cores >= 1 && var.executor_cores <= 16
    error_message = "executor_cores: 1 to 16."
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

variable "schedules" {
  description = "How `prefect deploy` leaves schedules: active, or paused, so that an environment to try things in works when it is asked to."
  type        = string
  default     = "active"

  validation {
    condition     = contains(["active", "paused"], var.schedules)
    error_message = "schedules: active or paused."
  }
}

variable "image" {
  description = "The worker's image, best by its digest; by default Prefect's public one of the versions in headrace/versions.yml."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex(":3\\.|@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: of Prefect 3, with its version or its digest, such as prefecthq/prefect@sha256:…"
  }
}

variable "stops_when_idle" {
  description = "Whether the cluster ends when nothing ran for idle_minutes."
  type        = bool
  default     = false
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

variable "endpoints" {
  description = "AWS services for which endpoints are made; by default all that jobs reach: modules/cluster_network. A network that is there already may have some of them, or all: []."
  type        = set(string)
  default     = null

  validation {
    condition     = var.endpoints == null || alltrue([for each in coalesce(var.endpoints, []) : can(regex("^[a-z0-9][a-z0-9.-]*$", each)) && each != "s3"])
    error_message = "endpoints: null, or names of services such as glue; S3 has its own."
  }
}

variable "has_emr_endpoint" {
  description = "Whether the endpoint is made by which a cluster and EMR speak; false where the network has one already."
  type        = bool
  default     = true
}

variable "prefect_api_url" {
  description = "Prefect's API, as `prefect config view` shows it."
  type        = string

  validation {
    condition     = can(regex("^https?://[^ ]+/api(/[^ ]*)?$", var.prefect_api_url))
    error_message = "prefect_api_url: as `prefect config view` shows it, https://…/api/…"
  }
}

variable "emails" {
  description = "Addresses that are told of money, lag, failures and silence."
  type        = set(string)

  validation {
    condition     = length(var.emails) > 0 && alltrue([for each in var.emails : can(regex("^[^@ ]+@[^@ ]+$", each))])
    error_message = "emails: one address at least, such as operations@example.com, or what it costs and what fails is told to nobody."
  }
}

variable "has_cost_tags" {
  description = "Whether Billing counts by the tag environment, which is activated there once: docs/cloud.md. The budgets count this environment by it; where it is not activated they see nothing, and false has them count the whole account."
  type        = bool
  default     = true
}

variable "dollars_a_month" {
  description = "What a month may cost, a serving database aside: what that costs is added where there is one. Told at 80 % of it."
  type        = number
  default     = 4000

  validation {
    condition     = var.dollars_a_month >= 1
    error_message = "dollars_a_month: at least 1."
  }
}

variable "readers" {
  description = "ARNs of those who may take the reader's role; by default whom the account's own policies let."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.readers : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "readers: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "reader_groups" {
  description = "Readers who are not to see each other's answers: by the name of their group, ARNs of those who may take its role. Each group has a workgroup of its own."
  type        = map(list(string))
  default     = {}

  validation {
    condition     = alltrue([for group, who in var.reader_groups : can(regex("^[a-z][a-z0-9]{0,11}$", group)) && group != "readers"])
    error_message = "reader_groups: names of 1 to 12 small letters and digits, a letter first; readers is taken."
  }

  validation {
    condition     = alltrue([for each in flatten(values(var.reader_groups)) : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "reader_groups: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "deployers" {
  description = "ARNs of users and roles that may take the deployer's role. By default the account says who, by its own policies, or github does."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for each in var.deployers : can(regex("^arn:[a-z-]+:(iam|sts)::[0-9]{12}:.+$", each))])
    error_message = "deployers: ARNs of users, roles or accounts, arn:aws:iam::…"
  }
}

variable "github" {
  description = "Whose runs of GitHub Actions may take it: a repository and one branch. The account's provider for GitHub comes from infra/bootstrap."
  type        = object({ repository = string, branch = string })
  default     = null

  validation {
    condition     = var.github == null || try(can(regex("^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$", var.github.repository)) && can(regex("^[A-Za-z0-9._/-]+$", var.github.branch)), false)
    error_message = "github: null, or { repository = \"owner/name\", branch = \"main\" }, without *."
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
