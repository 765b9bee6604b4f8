output "region" {
  description = "Where all of it is."
  value       = var.region
}

output "settings" {
  description = "What headrace needs to know: `headrace configure --from-terraform` writes it down."
  value       = module.headrace.settings
}

output "prefect" {
  description = "What `prefect deploy` needs: the bucket for flows and the work pool."
  value       = module.headrace.prefect
}

output "worker_task" {
  description = "How the worker is started."
  value       = module.headrace.worker_task
}

output "reader_role_arn" {
  description = "What whoever asks gold and silver takes."
  value       = module.headrace.reader_role_arn
}

output "reader_role_arns" {
  description = "The same by group of readers."
  value       = module.headrace.reader_role_arns
}

output "deployer_role_arn" {
  description = "What whoever brings code takes."
  value       = module.headrace.deployer_role_arn
}

output "guard_topic_arn" {
  description = "Whoever subscribes to it is told of money, lag, failures and silence."
  value       = module.headrace.guard_topic_arn
}
