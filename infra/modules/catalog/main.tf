# What people ask: a database for each domain and layer, named as they type it, and the workgroup in which they ask.
# The tables in them come from `headrace publish`, which knows their columns from the contracts.

locals {
  workgroups = merge({ readers = var.name }, { for group in var.reader_groups : group => "${var.name}-${group}" })

  layers = ["bronze", "silver", "gold"]
  pairs  = { for pair in setproduct(var.domains, local.layers) : "${pair[0]}_${pair[1]}" => { domain = pair[0], layer = pair[1] } }

  queries = merge([
    for domain in var.domains : {
      for file in fileset("${var.queries}/${domain}", "*.sql") :
      "${domain}-${trimsuffix(file, ".sql")}" => { domain = domain, text = file("${var.queries}/${domain}/${file}") }
    }
  ]...)

  # Written for databases without a prefix.
  is_database = "/\\b(${join("|", keys(local.pairs))})\\./"

  meanings = {
    bronze = "as it came, the malformed included"
    silver = "clean rows, and beside them the rejected with their reasons"
    gold   = "what the business asks for"
  }
}

resource "aws_glue_catalog_database" "this" {
  for_each = local.pairs

  name         = "${var.prefix}${each.key}"
  description  = "${title(each.value.layer)} of ${each.value.domain}: ${local.meanings[each.value.layer]}."
  location_uri = "s3://${var.lake_bucket}/${each.value.domain}/${each.value.layer}/"
}

# One for all readers, and one for each group that is not to see the others' answers.
resource "aws_athena_workgroup" "this" {
  for_each = local.workgroups

  name          = each.value
  description   = "Questions to ${var.name} (${each.key}). A query that would read more than ${var.scan_limit_gb} GB is stopped."
  force_destroy = var.is_disposable

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.scan_limit_gb * 1024 * 1024 * 1024

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location = "s3://${var.results_bucket}/athena/${each.key}/"

      encryption_configuration {
        encryption_option = "SSE_KMS"
        kms_key_arn       = var.key_arn
      }
    }
  }
}

resource "aws_athena_named_query" "this" {
  for_each = local.queries

  name        = each.key
  workgroup   = aws_athena_workgroup.this["readers"].id
  database    = aws_glue_catalog_database.this["${each.value.domain}_gold"].name
  description = trimprefix(split("\n", each.value.text)[0], "-- ")
  query       = replace(each.value.text, local.is_database, "${var.prefix}$1.")
}
