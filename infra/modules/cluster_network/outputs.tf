# Whoever takes these waits for all that works in them: rules, endpoints and routes. A cluster ends at once where one of
# them is missing.

output "private_subnets" {
  description = "Subnets that are reached through endpoints, one in each zone: clusters."
  value       = var.network.private_subnets

  depends_on = [
    aws_route.way_out,
    aws_vpc_endpoint.this,
    aws_vpc_endpoint.emr,
  ]
}

output "security_groups" {
  description = "By who they are for: worker, and the cluster's main, core and service."
  value = {
    worker  = aws_security_group.worker.id
    main    = aws_security_group.main.id
    core    = aws_security_group.core.id
    service = aws_security_group.service.id
  }

  depends_on = [
    aws_vpc_security_group_ingress_rule.endpoints,
    aws_vpc_security_group_ingress_rule.brokers,
    aws_vpc_security_group_ingress_rule.service,
    aws_vpc_security_group_ingress_rule.service_before_8,
    aws_vpc_security_group_egress_rule.nodes_within,
    aws_vpc_security_group_egress_rule.nodes_s3,
    aws_vpc_security_group_egress_rule.way_out,
    aws_vpc_security_group_egress_rule.worker,
    aws_vpc_security_group_ingress_rule.serving,
    aws_vpc_security_group_egress_rule.worker_serving,
  ]
}
