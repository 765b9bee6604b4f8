output "endpoint" {
  description = "Its host name."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Where it listens."
  value       = local.port
}

output "url" {
  description = "What `headrace serve --to` takes, without the password."
  value       = "postgresql://${local.master}@${aws_db_instance.this.address}:${local.port}/${local.database}?sslmode=require"
}

output "secret_arn" {
  description = "Where RDS keeps the master's password, which it replaces each week."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "security_group" {
  description = "Who is to reach it is let in here."
  value       = aws_security_group.this.id

  depends_on = [aws_vpc_security_group_ingress_rule.clients]
}

output "identifier" {
  description = "Its name in RDS and CloudWatch."
  value       = aws_db_instance.this.identifier
}

output "resource_id" {
  description = "Its name in policies of who may connect with a token of IAM."
  value       = aws_db_instance.this.resource_id
}

output "iam_user" {
  description = "The user who comes with such a token."
  value       = local.iam_user
}

output "gb" {
  description = "Its disk when it was made."
  value       = var.gb
}

output "dollars_a_month" {
  description = "What it costs a month, by headrace/cost/prices.yml; 0 where that does not know its type."
  value       = local.dollars
}
