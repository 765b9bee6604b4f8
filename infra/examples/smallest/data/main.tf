# The least that streams and refines: two small brokers, nothing that outlives terraform destroy.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  backend "s3" {
    key          = "headrace-smallest/data.tfstate"
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

module "data" {
  source = "../../../modules/data"

  name                = "headrace-smallest"
  stream_kind         = "provisioned"
  broker_type         = "kafka.t3.small"
  volume_gb           = 20
  gb_an_hour          = 0.5
  retention_hours     = 24
  has_prefect_api_key = false # a Prefect of one's own
  landing_days        = 14
  log_days            = 30
  is_disposable       = true
}
