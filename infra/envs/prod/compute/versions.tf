terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 7.0.0"
    }
  }

  # Where it lies, infra/bootstrap tells: terraform init -backend-config=bucket=… -backend-config=region=… The same
  # environment in a second region has another key: -backend-config=key=…
  backend "s3" {
    key          = "headrace-prod/compute.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
