# Who may send from outside of this environment: by security group (of this network, or of one that is peered), or by address.

locals {
  producer_ports = toset([for port in var.producer_ports : tostring(port)])
}

resource "aws_vpc_security_group_ingress_rule" "producer_groups" {
  for_each = { for pair in setproduct(var.producers.security_groups, local.producer_ports) : "${pair[0]} ${pair[1]}" => pair }

  security_group_id            = aws_security_group.brokers.id
  description                  = "Kafka from a producer"
  referenced_security_group_id = each.value[0]
  ip_protocol                  = "tcp"
  from_port                    = tonumber(each.value[1])
  to_port                      = tonumber(each.value[1])
}

resource "aws_vpc_security_group_ingress_rule" "producer_addresses" {
  for_each = { for pair in setproduct(var.producers.cidrs, local.producer_ports) : "${pair[0]} ${pair[1]}" => pair }

  security_group_id = aws_security_group.brokers.id
  description       = "Kafka from a producer"
  cidr_ipv4         = each.value[0]
  ip_protocol       = "tcp"
  from_port         = tonumber(each.value[1])
  to_port           = tonumber(each.value[1])
}
