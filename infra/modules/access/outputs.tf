output "job_role_arn" {
  description = "What jobs run as."
  value       = module.job.arn
}

output "job_instance_profile_arn" {
  description = "The same, as nodes of a cluster carry it."
  value       = aws_iam_instance_profile.job.arn
}

output "worker_role_arn" {
  description = "What the worker runs as."
  value       = module.worker.arn
}

output "reader_role_arn" {
  description = "What whoever asks gold and silver takes."
  value       = module.reader["readers"].arn
}

output "reader_role_arns" {
  description = "The same by group."
  value       = { for group, role in module.reader : group => role.arn }
}

output "deployer_role_arn" {
  description = "What whoever brings code takes."
  value       = module.deployer.arn
}
