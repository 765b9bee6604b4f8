# Where clusters, brokers and the worker live. Nothing here can be reached from outside, and AWS is reached through
# endpoints. The worker's subnets have a way out, for Prefect's API lies outside; the data's side has one only where
# way_out.tf makes it, for a cluster's first node.

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:The first two or three by name are taken; one that is added comes last

  state = "available"

  # Local zones are listed, too, once an account takes part in them; brokers and clusters cannot be there.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

data "aws_region" "this" {}

locals {
  zones   = slice(data.aws_availability_zones.this.names, 0, var.zones)
  private = { for place, zone in local.zones : zone => cidrsubnet(var.cidr, 4, place) }
  outward = { for place, zone in local.zones : zone => cidrsubnet(var.cidr, 4, place + 8) }
  service = "com.amazonaws.${data.aws_region.this.name}"

  # EMR's own policy lets it work in what carries this, and nowhere else.
  for_emr = { "for-use-with-amazon-emr-managed-policies" = "true" }
}

resource "aws_vpc" "this" {
  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(local.for_emr, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_subnet" "outward" {
  for_each = local.outward

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-outward-${each.key}" }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id

  tags = { Name = var.name }
}

resource "aws_route_table" "outward" {
  vpc_id = aws_vpc.this.id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }

  tags = { Name = "${var.name}-outward" }
}

resource "aws_route_table_association" "outward" {
  for_each = aws_subnet.outward

  subnet_id      = each.value.id
  route_table_id = aws_route_table.outward.id
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "${local.service}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id, aws_route_table.outward.id]

  tags = { Name = "${var.name}-s3" }
}

resource "aws_vpc_endpoint" "this" {
  for_each = var.endpoints

  vpc_id              = aws_vpc.this.id
  service_name        = "${local.service}.${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.endpoints.id]
  private_dns_enabled = true

  tags = { Name = "${var.name}-${each.key}" }
}

# By which EMR from release 8 on and its cluster speak with each other. EMR would make it itself, outside of Terraform,
# and terraform destroy would stop at it; this is the name that it gives it.
resource "aws_vpc_endpoint" "emr" {
  count = var.has_cluster ? 1 : 0

  vpc_id              = aws_vpc.this.id
  service_name        = "aws.api.${data.aws_region.this.name}.emr-service-cell01"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = [for subnet in aws_subnet.private : subnet.id]
  security_group_ids  = [aws_security_group.service.id]
  private_dns_enabled = true

  tags = merge(local.for_emr, { Name = "emr-service-vpce" })
}
