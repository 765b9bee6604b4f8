output "topic_arn" {
  description = "Whoever subscribes to it is told."
  value       = aws_sns_topic.this.arn
}

output "dollars_a_month" {
  description = "What its budget of a month is."
  value       = tonumber(aws_budgets_budget.this["month"].limit_amount)
}
