variable "name" {
  description = "Prefix of everything this environment owns, for example headrace-dev."
  type        = string
}

variable "domains" {
  description = "Domains that live here."
  type        = set(string)
}

variable "queries" {
  description = "Folder with named queries in Athena's dialect."
  type        = string
}

variable "database_prefix" {
  description = "Put before the databases' names, for two environments in one account."
  type        = string
  default     = ""
}

variable "cidr" {
  description = "Addresses of the network."
  type        = string
  default     = "10.20.0.0/16"
}

variable "zones" {
  description = "Availability zones: 2 or 3."
  type        = number
  default     = 2
}

variable "stream" {
  description = "Kafka: its kind (provisioned or serverless), and the machine, disk and memory of a broker."
  type = object({
    kind            = optional(string, "provisioned")
    broker_type     = optional(string, "kafka.t3.small")
    volume_gb       = optional(number, 100)
    retention_hours = optional(number, 72)
  })
  default = {}
}

variable "compute" {
  description = "Spark: its kind (cluster or serverless), nodes that are always there and at most, when it ends, and whether its first node has the way out that scaling and ending want."
  type = object({
    kind            = optional(string, "cluster")
    core_nodes      = optional(number, 1)
    most_nodes      = optional(number, 4)
    stops_when_idle = optional(bool, true)
    idle_minutes    = optional(number, 60)
    has_way_out     = optional(bool, true)
  })
  default = {}
}

variable "scan_limit_gb" {
  description = "Gigabytes that one query may read."
  type        = number
  default     = 10
}

variable "readers" {
  description = "ARNs of those who may take the reader's role."
  type        = list(string)
  default     = []
}

variable "prefect_api_url" {
  description = "Prefect's API."
  type        = string
}

variable "has_prefect_api_key" {
  description = "Whether Prefect wants a key."
  type        = bool
  default     = true
}

variable "prefect_api_key" {
  description = "The key, in no plan and no state."
  type        = string
  default     = null
  ephemeral   = true
  sensitive   = true
}

variable "prefect_api_key_version" {
  description = "Raise it when the key has changed."
  type        = number
  default     = 1
}

variable "lock" {
  description = "File with the locked versions of all packages: what the worker installs is what everything was tried with."
  type        = string
}

variable "worker_needs" {
  description = "Names of the packages that flows need beside Prefect."
  type        = set(string)
  default     = ["boto3", "prefect-aws", "psutil", "pydantic-settings"]
}

variable "runs_at_once_a_domain" {
  description = "Flow runs of a domain that the worker has side by side: one of each deployment, so that runs which wait for their turn hold up nobody."
  type        = number
  default     = 12
}

variable "emails" {
  description = "Addresses that are told."
  type        = set(string)
  default     = []
}

variable "dollars_a_month" {
  description = "What a month may cost."
  type        = number
}

variable "landing_days" {
  description = "Days for which landed files are kept."
  type        = number
  default     = 90
}

variable "log_days" {
  description = "Days for which logs are kept."
  type        = number
  default     = 365
}

variable "is_disposable" {
  description = "Whether terraform destroy may remove what holds data."
  type        = bool
  default     = false
}
