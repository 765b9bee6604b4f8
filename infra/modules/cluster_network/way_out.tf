# What a cluster tells of its load, by which EMR scales and ends it, goes to a public address, says EMR's guide. The first
# node alone is let out. One gateway will do, since all else goes on without it: docs/decisions/020-a-network-without-nat.md

locals {
  has_gateway = var.has_way_out && var.network.private_routes != null
}

resource "aws_eip" "way_out" {
  count = local.has_gateway ? 1 : 0

  domain = "vpc"

  tags = { Name = "${var.name}-way-out" }
}

resource "aws_nat_gateway" "this" {
  count = local.has_gateway ? 1 : 0

  allocation_id = aws_eip.way_out[0].id
  subnet_id     = var.network.outward_subnets[0]

  tags = { Name = var.name }
}

resource "aws_route" "way_out" {
  count = local.has_gateway ? 1 : 0

  route_table_id         = var.network.private_routes
  destination_cidr_block = "0.0.0.0/0"
  nat_gateway_id         = aws_nat_gateway.this[0].id
}

resource "aws_vpc_security_group_egress_rule" "way_out" {
  count = var.has_way_out ? 1 : 0

  security_group_id = aws_security_group.main.id
  description       = "Where the first node tells EMR of its load"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
