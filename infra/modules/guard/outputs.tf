output "topic_arn" {
  description = "Whoever subscribes to it is told."
  value       = aws_sns_topic.this.arn
}
