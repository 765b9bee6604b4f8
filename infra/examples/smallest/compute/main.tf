# One node that ends when nobody streams, batch work beside it, schedules that wait for a person.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  backend "s3" {
    key          = "headrace-smallest/compute.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { project = "headrace", environment = "headrace-smallest" }
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

  name            = "headrace-smallest"
  domains         = ["refinery"]
  queries         = "${path.module}/../../../queries"
  lock            = "${path.module}/../../../../requirements.lock"
  prefect_api_url = var.prefect_api_url
  emails          = ["operations@example.com"]
  dollars_a_month = 300
  batch_kind      = "serverless"
  most_cores      = 16
  schedules       = "paused"
  log_days        = 30
  is_disposable   = true
}
