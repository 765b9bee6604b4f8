# In a network and under a key that are there already; gateways of a plant come in from one security group.

terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  backend "s3" {
    key          = "headrace-existing/data.tfstate"
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

module "data" {
  source = "../../../modules/data"

  name    = "headrace-existing"
  key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"

  network = {
    vpc_id          = "vpc-0123456789abcdef0"
    private_subnets = ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2", "subnet-0123456789abcdef3"]
    outward_subnets = ["subnet-0123456789abcdef4"]
  }

  broker_type     = "kafka.m7g.large"
  volume_gb       = 3300
  gb_an_hour      = 36
  retention_hours = 72

  topics = ["sensor_readings"]
  producers = {
    security_groups = ["sg-0123456789abcdef5"]
    cidrs           = []
    accounts        = []
    roles           = ["arn:aws:iam::123456789012:role/plant-gateway"]
  }

  permissions_boundary = "arn:aws:iam::123456789012:policy/boundary"
}
