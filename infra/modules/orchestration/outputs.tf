output "pool" {
  description = "The work pool to deploy to."
  value       = var.pool
}

output "cluster" {
  description = "The ECS cluster in which the worker runs."
  value       = aws_ecs_cluster.this.name
}

output "runs_at_once" {
  description = "Flow runs that the worker has side by side."
  value       = var.runs_at_once
}

output "service" {
  description = "The ECS service that keeps the worker running."
  value       = aws_ecs_service.worker.name
}

output "task" {
  description = "How the worker is started."
  value       = aws_ecs_task_definition.worker.arn
}
