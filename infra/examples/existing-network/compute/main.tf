# Machines that the account has bought: three primaries, larger nodes, batch work among them on Spot nodes.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  backend "s3" {
    key          = "headrace-existing/compute.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { project = "headrace", environment = "headrace-existing" }
  }
}

variable "prefect_api_url" {
  description = "Prefect's API."
  type        = string

  validation {
    condition     = startswith(var.prefect_api_url, "http")
    error_message = "prefect_api_url: https://…/api/…"
  }
}

module "compute" {
  source = "../../../modules/platform"

  name            = "headrace-existing"
  domains         = ["refinery"]
  queries         = "${path.module}/../../../queries"
  lock            = "${path.module}/../../../../requirements.lock"
  prefect_api_url = var.prefect_api_url
  emails          = ["operations@example.com"]
  dollars_a_month = 6000
  batch_kind      = "cluster"
  main_nodes      = 3
  node_types      = ["r7g.2xlarge", "r8g.2xlarge", "r6g.2xlarge"]
  executor_cores  = 4
  core_nodes      = 2
  most_nodes      = 20
  stops_when_idle = false

  # The network has endpoints of its own, for all but these.
  endpoints        = ["elasticmapreduce", "glue"]
  has_emr_endpoint = true

  permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
}
