# No brokers to size: paid by what passes, and about 630 US dollars a month where nothing does.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  backend "s3" {
    key          = "headrace-serverless/data.tfstate"
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

module "data" {
  source = "../../../modules/data"

  name                = "headrace-serverless"
  stream_kind         = "serverless"
  has_prefect_api_key = false
  is_disposable       = true
}
