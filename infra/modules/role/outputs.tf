output "name" {
  description = "The role's name."
  value       = aws_iam_role.this.name
}

output "arn" {
  description = "Its ARN."
  value       = aws_iam_role.this.arn
}

# What other modules' tests hold their roles to.
output "taken_by" {
  description = "Who takes it beside services: principals, and the subjects for whom a provider vouches."
  value       = { principals = var.principals, subjects = var.identities[*].subject }
}
