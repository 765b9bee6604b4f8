# Applied once an account, before any environment: the bucket in which the environments keep their state.
# Its own state stays where it is applied; the bucket can be imported anywhere else.

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      project    = "headrace"
      managed_by = "terraform"
    }
  }
}

data "aws_caller_identity" "this" {}

module "state" {
  source = "../modules/bucket"

  name          = "headrace-state-${data.aws_caller_identity.this.account_id}-${var.region}"
  deleted_days  = 365
  is_disposable = var.is_disposable
}
