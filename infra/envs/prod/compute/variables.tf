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
  description = "What a month may cost; told at 80 % of it."
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
