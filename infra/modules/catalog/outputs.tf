output "databases" {
  description = "The databases, by <domain>_<layer>."
  value       = { for pair, database in aws_glue_catalog_database.this : pair => database.name }
}

output "workgroup" {
  description = "The workgroup in which to ask."
  value       = aws_athena_workgroup.this["readers"].name
}
