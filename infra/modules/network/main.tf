# Where brokers, clusters and the worker live. Nothing here can be reached from outside. The worker's subnets have a way
# out, for Prefect's API lies outside; the private ones have none but what modules/cluster_network makes.

data "aws_availability_zones" "this" {
  #checkov:skip=CKV_AWS_394:By id, and of those that serve all that is used; zone_ids pins them

  state = "available"

  # Local zones are listed, too, once an account takes part in them; brokers and clusters cannot be there.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }
}

# In which zones a service can be reached by an endpoint. EMR Serverless leaves some out.
data "aws_vpc_endpoint_service" "this" {
  for_each = local.is_ours && length(var.zone_ids) == 0 ? var.zone_services : toset([])

  service      = each.key
  service_type = "Interface"
}

data "aws_region" "this" {}

locals {
  is_ours  = var.existing == null
  id_of    = zipmap(data.aws_availability_zones.this.names, data.aws_availability_zones.this.zone_ids)
  serving  = [for zone, id in local.id_of : id if alltrue([for each in data.aws_vpc_endpoint_service.this : contains(each.availability_zones, zone)])]
  chosen   = length(var.zone_ids) > 0 ? var.zone_ids : slice(sort(local.serving), 0, min(var.zones, length(local.serving)))
  zone_ids = local.is_ours ? local.chosen : []
  private  = { for place, zone in local.zone_ids : zone => cidrsubnet(var.cidr, 4, place) }
  outward  = { for place, zone in local.zone_ids : zone => cidrsubnet(var.cidr, 4, place + 8) }
  service  = "com.amazonaws.${data.aws_region.this.id}"

  # EMR's own policy lets it work in what carries this, and nowhere else.
  for_emr = { "for-use-with-amazon-emr-managed-policies" = "true" }

  cidrs           = local.is_ours ? aws_vpc.this[*].cidr_block : distinct(concat(data.aws_vpc.existing[*].cidr_block, local.later))
  later           = [for each in flatten(data.aws_vpc.existing[*].cidr_block_associations) : each.cidr_block if each.state == "associated"]
  vpc_id          = local.is_ours ? aws_vpc.this[0].id : data.aws_vpc.existing[0].id
  private_subnets = local.is_ours ? [for zone in local.zone_ids : aws_subnet.private[zone].id] : var.existing.private_subnets
  outward_subnets = local.is_ours ? [for zone in local.zone_ids : aws_subnet.outward[zone].id] : var.existing.outward_subnets
}

resource "aws_vpc" "this" {
  #checkov:skip=CKV2_AWS_11:flow_log.tf, which it does not find behind a count
  #checkov:skip=CKV2_AWS_12:security.tf, which it does not find behind a count

  count = local.is_ours ? 1 : 0

  cidr_block           = var.cidr
  enable_dns_support   = true
  enable_dns_hostnames = true

  tags = { Name = var.name }

  lifecycle {
    precondition {
      condition     = length(local.chosen) >= 2
      error_message = "Only ${length(local.chosen)} zones of ${data.aws_region.this.id} serve all of ${join(", ", var.zone_services)}; brokers want two. Name two in zone_ids, or take another region."
    }
  }
}

resource "aws_subnet" "private" {
  for_each = local.private

  vpc_id                  = local.vpc_id
  availability_zone_id    = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = merge(local.for_emr, { Name = "${var.name}-private-${each.key}" })
}

resource "aws_subnet" "outward" {
  for_each = local.outward

  vpc_id                  = local.vpc_id
  availability_zone_id    = each.key
  cidr_block              = each.value
  map_public_ip_on_launch = false

  tags = { Name = "${var.name}-outward-${each.key}" }
}

resource "aws_route_table" "private" {
  count = local.is_ours ? 1 : 0

  vpc_id = local.vpc_id

  tags = { Name = "${var.name}-private" }
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private[0].id
}

resource "aws_internet_gateway" "this" {
  count = local.is_ours ? 1 : 0

  vpc_id = local.vpc_id

  tags = { Name = var.name }
}

resource "aws_route_table" "outward" {
  count = local.is_ours ? 1 : 0

  vpc_id = local.vpc_id

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this[0].id
  }

  tags = { Name = "${var.name}-outward" }
}

resource "aws_route_table_association" "outward" {
  for_each = aws_subnet.outward

  subnet_id      = each.value.id
  route_table_id = aws_route_table.outward[0].id
}

resource "aws_vpc_endpoint" "s3" {
  count = local.is_ours ? 1 : 0

  vpc_id            = local.vpc_id
  service_name      = "${local.service}.s3"
  vpc_endpoint_type = "Gateway"
  policy            = data.aws_iam_policy_document.s3.json
  route_table_ids   = [aws_route_table.private[0].id, aws_route_table.outward[0].id]

  tags = { Name = "${var.name}-s3" }
}
