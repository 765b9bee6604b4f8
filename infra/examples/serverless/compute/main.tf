# No machines at all between runs, the standing job's included.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  backend "s3" {
    key          = "headrace-serverless/compute.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = "eu-west-1"

  default_tags {
    tags = { project = "headrace", environment = "headrace-serverless" }
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

  name            = "headrace-serverless"
  domains         = ["refinery"]
  queries         = "${path.module}/../../../queries"
  lock            = "${path.module}/../../../../requirements.lock"
  prefect_api_url = var.prefect_api_url
  emails          = ["operations@example.com"]
  dollars_a_month = 900
  compute_kind    = "serverless"
  most_cores      = 64
  is_disposable   = true
}
