variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,23}$", var.name))
    error_message = "name: 3 to 24 small letters, digits and hyphens, a letter first."
  }
}

variable "prefect_api_url" {
  description = "Prefect's API: https://api.prefect.cloud/api/accounts/…/workspaces/…, or a server of yours."
  type        = string

  validation {
    condition     = can(regex("^https?://[^ ]+/api", var.prefect_api_url))
    error_message = "prefect_api_url: as `prefect config view` shows it, https://…/api/…"
  }
}

variable "prefect_api_key" {
  description = "The secret that holds the key for Prefect's API, and its version; null where Prefect wants none."
  type        = object({ arn = string, version = string })
  default     = null

  validation {
    condition     = var.prefect_api_key == null || can(regex("^arn:[a-z-]+:secretsmanager:", var.prefect_api_key.arn))
    error_message = "prefect_api_key: the ARN of a secret, arn:aws:secretsmanager:…, and its version, or null."
  }
}

variable "pool" {
  description = "The work pool, which the worker makes when there is none."
  type        = string
  default     = "headrace"

  validation {
    condition     = can(regex("^[a-zA-Z0-9][a-zA-Z0-9_. -]*$", var.pool))
    error_message = "pool: letters, digits, spaces and _.-, a letter or digit first."
  }
}

variable "image" {
  description = "Prefect's public image, by default of the versions in headrace/versions.yml, best by its digest: `docker buildx imagetools inspect prefecthq/prefect:3.8.8-python3.11` tells it, and image = \"prefecthq/prefect@sha256:…\" takes it. ECS runs one digest for as long as the task definition stays, but reads the tag anew with the next."
  type        = string
  default     = null

  validation {
    condition     = var.image == null || can(regex(":3\\.|@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image: of Prefect 3, with its version or its digest, such as prefecthq/prefect:3.8.8-python3.11 or prefecthq/prefect@sha256:…"
  }
}

variable "architecture" {
  description = "Of the worker's machine: arm64 (Graviton, a fifth cheaper) or x86_64; by default that of headrace/versions.yml."
  type        = string
  default     = null

  validation {
    condition     = contains(["arm64", "x86_64"], coalesce(var.architecture, "arm64"))
    error_message = "architecture: arm64 or x86_64."
  }
}

variable "flows_bucket" {
  description = "The bucket that `prefect deploy` puts the flows into."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.flows_bucket))
    error_message = "flows_bucket: the name of a bucket, without s3://."
  }
}

variable "packages" {
  description = "What the flows need beside Prefect, with all that needs itself: entries of a lock file with their hashes. Empty where the image has it."
  type        = list(string)

  validation {
    condition     = alltrue([for each in var.packages : strcontains(each, "==") && strcontains(each, "--hash=sha256:")])
    error_message = "packages: each with its version and its hashes, name==1.2.3 --hash=sha256:…"
  }
}

variable "settings" {
  description = "Headrace's settings: environment variables HEADRACE_…"
  type        = map(string)

  validation {
    condition     = alltrue([for each in keys(var.settings) : startswith(each, "HEADRACE_")])
    error_message = "settings: names that begin with HEADRACE_."
  }
}

variable "subnets" {
  description = "Subnets with a way out."
  type        = list(string)

  validation {
    condition     = length(var.subnets) > 0 && alltrue([for each in var.subnets : startswith(each, "subnet-")])
    error_message = "subnets: ids of one at least, subnet-…"
  }
}

variable "security_group" {
  description = "The worker's: goes out, is not reached."
  type        = string

  validation {
    condition     = startswith(var.security_group, "sg-")
    error_message = "security_group: the id of one, sg-…"
  }
}

variable "worker_role_arn" {
  description = "What flows run as."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/.+$", var.worker_role_arn))
    error_message = "worker_role_arn: of a role, arn:aws:iam::…:role/…"
  }
}

variable "key_arn" {
  description = "The key that the log and the secret are encrypted with."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[a-zA-Z0-9-]+$", var.key_arn))
    error_message = "key_arn: of a KMS key, arn:aws:kms:…:key/…"
  }
}

variable "runs_at_once" {
  description = "Flow runs that the worker has side by side; its cores and memory go by them."
  type        = number
  default     = 10

  validation {
    condition     = var.runs_at_once >= 1 && var.runs_at_once <= 478
    error_message = "runs_at_once: 1 to 478, which take 120 GB, Fargate's most."
  }
}

variable "log_days" {
  description = "Days for which the worker's log is kept."
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
