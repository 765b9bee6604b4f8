output "pool" {
  description = "The work pool to deploy to."
  value       = var.pool
}

output "cluster" {
  description = "The ECS cluster in which the worker runs."
  value       = aws_ecs_cluster.this.name
}

output "task" {
  description = "How the worker is started."
  value       = aws_ecs_task_definition.worker.arn
}
