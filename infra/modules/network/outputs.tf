# Whoever takes these waits for the routes that make them work.

output "vpc_id" {
  description = "The network."
  value       = local.vpc_id
}

output "cidrs" {
  description = "Its addresses: one block, and what a network that was there already was given later."
  value       = local.cidrs
}

output "private_subnets" {
  description = "Subnets without a way out of their own, one in each zone: brokers and clusters."
  value       = local.private_subnets

  depends_on = [aws_route_table_association.private, aws_vpc_endpoint.s3]
}

output "outward_subnets" {
  description = "Subnets with a way out, one in each zone: the worker."
  value       = local.outward_subnets

  depends_on = [aws_route_table_association.outward]
}

output "private_routes" {
  description = "The private subnets' route table; null of a network that was there already, which has its own way out or none."
  value       = one(aws_route_table.private[*].id)
}

output "s3_prefix_list" {
  description = "Addresses of S3, as rules name them."
  value       = one(concat(aws_vpc_endpoint.s3[*].prefix_list_id, data.aws_prefix_list.s3[*].id))
}

output "brokers_group" {
  description = "The brokers' security group, which lets in those producers that are named."
  value       = aws_security_group.brokers.id

  depends_on = [aws_vpc_security_group_ingress_rule.producer_groups, aws_vpc_security_group_ingress_rule.producer_addresses]
}

output "zone_ids" {
  description = "The zones that were taken, for zone_ids: then no zone that AWS adds or leaves is taken for another."
  value       = local.zone_ids
}
