# What a cluster tells of its load, by which EMR scales and ends it, goes to a public address, says EMR's guide. The first
# node alone is let out. One gateway will do, since all else goes on without it: docs/decisions/020-a-network-without-nat.md

resource "aws_eip" "way_out" {
  count = var.has_way_out ? 1 : 0

  domain = "vpc"

  tags = { Name = "${var.name}-way-out" }

  depends_on = [aws_internet_gateway.this]
}

resource "aws_nat_gateway" "this" {
  count = var.has_way_out ? 1 : 0

  allocation_id = aws_eip.way_out[0].id
  subnet_id     = aws_subnet.outward[local.zones[0]].id

  tags = { Name = var.name }

  depends_on = [aws_route_table_association.outward]
}

resource "aws_route" "way_out" {
  count = var.has_way_out ? 1 : 0

  route_table_id         = aws_route_table.private.id
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
