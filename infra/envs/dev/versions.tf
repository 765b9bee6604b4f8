terraform {
  required_version = ">= 1.11.0"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100.0, < 6.0.0"
    }
  }

  # Where it lies, infra/bootstrap tells: terraform init -backend-config=bucket=… -backend-config=region=…
  backend "s3" {
    key          = "headrace-dev.tfstate"
    encrypt      = true
    use_lockfile = true
  }
}
