output "region" {
  description = "Where all of it is."
  value       = var.region
}

output "handover" {
  description = "What compute has to know of the data; it finds it in the parameter /<environment>/data."
  value       = module.headrace.handover
}

output "producers" {
  description = "What whoever sends needs: docs/producers.md."
  value       = module.headrace.producers
}

output "zone_ids" {
  description = "The zones that were taken, for zone_ids: then they stay these, whatever AWS adds or leaves."
  value       = module.headrace.zone_ids
}

output "key_policy" {
  description = "What the policy of a key that is there already (key_arn) has to say."
  value       = module.headrace.key_policy
}

output "serving_database" {
  description = "The database that `headrace serve` fills; null where there is none."
  value       = module.headrace.serving_database
}
