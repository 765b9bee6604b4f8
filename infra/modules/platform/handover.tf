# What modules/data says of the data that is here.

data "aws_partition" "this" {}
data "aws_region" "this" {}

# By path, for a parameter that is not there would be told of by its name alone.
data "aws_ssm_parameters_by_path" "this" {
  path = "/${var.name}"

  lifecycle {
    postcondition {
      condition     = contains(self.names, "/${var.name}/data")
      error_message = "There is no parameter /${var.name}/data in ${data.aws_region.this.id}: the data of ${var.name} has not been applied, or in another region or account. Run terraform apply in the folder data beside this one, then here."
    }

    postcondition {
      condition     = try(jsondecode(zipmap(self.names, self.values)["/${var.name}/data"]).environment, var.name) == var.name
      error_message = "The parameter /${var.name}/data is that of another environment than ${var.name}. Only terraform apply in the folder data beside this one writes it."
    }

    postcondition {
      condition     = startswith(var.prefect_api_url, "https:") || try(jsondecode(zipmap(self.names, self.values)["/${var.name}/data"]).prefect_api_key, null) == null
      error_message = "prefect_api_url is not https, and the worker would send its key there in the open: take https, or apply the data with has_prefect_api_key = false."
    }
  }
}

locals {
  data        = jsondecode(nonsensitive(zipmap(data.aws_ssm_parameters_by_path.this.names, data.aws_ssm_parameters_by_path.this.values))["/${var.name}/data"])
  serving     = lookup(local.data, "serving", null)
  bucket_arns = { for kind, name in local.data.buckets : kind => "arn:${data.aws_partition.this.partition}:s3:::${name}" }
}
