output "vpc_id" {
  description = "The network."
  value       = aws_vpc.this.id
}

output "private_subnets" {
  description = "Subnets without a way out, one in each zone: brokers and clusters."
  value       = [for zone in local.zones : aws_subnet.private[zone].id]
}

output "outward_subnets" {
  description = "Subnets with a way out, one in each zone: the worker."
  value       = [for zone in local.zones : aws_subnet.outward[zone].id]
}

output "security_groups" {
  description = "By who they are for: brokers, worker, and the cluster's main, core and service."
  value = {
    brokers = aws_security_group.brokers.id
    worker  = aws_security_group.worker.id
    main    = aws_security_group.main.id
    core    = aws_security_group.core.id
    service = aws_security_group.service.id
  }
}
