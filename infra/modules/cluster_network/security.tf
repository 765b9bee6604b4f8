# Who may speak to whom. Rules are resources of their own: groups that name each other could not be made otherwise.

resource "aws_security_group" "endpoints" {
  name        = "${var.name}-endpoints"
  description = "Endpoints of AWS services"
  vpc_id      = var.network.vpc_id
}

resource "aws_security_group" "worker" {
  #checkov:skip=CKV2_AWS_5:Carried by what other modules make

  name        = "${var.name}-worker"
  description = "The Prefect worker: goes out, is not reached"
  vpc_id      = var.network.vpc_id
}

# EMR adds rules of its own to these three, each naming another; they are removed with the groups, one after the other.
resource "aws_security_group" "main" {
  #checkov:skip=CKV2_AWS_5:Carried by what other modules make

  name                   = "${var.name}-cluster-main"
  description            = "First node of the cluster"
  vpc_id                 = var.network.vpc_id
  revoke_rules_on_delete = true
  tags                   = local.for_emr
}

resource "aws_security_group" "core" {
  #checkov:skip=CKV2_AWS_5:Carried by what other modules make

  name                   = "${var.name}-cluster-core"
  description            = "Other nodes of the cluster"
  vpc_id                 = var.network.vpc_id
  revoke_rules_on_delete = true
  tags                   = local.for_emr
  depends_on             = [aws_security_group.main]
}

resource "aws_security_group" "service" {
  #checkov:skip=CKV2_AWS_5:Carried by what other modules make

  name                   = "${var.name}-cluster-service"
  description            = "Between EMR and nodes of a private subnet"
  vpc_id                 = var.network.vpc_id
  revoke_rules_on_delete = true
  tags                   = local.for_emr
  depends_on             = [aws_security_group.core]
}

locals {
  nodes = { main = aws_security_group.main.id, core = aws_security_group.core.id }
}

resource "aws_vpc_security_group_ingress_rule" "endpoints" {
  for_each = toset(var.network.cidrs)

  security_group_id = aws_security_group.endpoints.id
  description       = "HTTPS from within the network"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "brokers" {
  for_each = local.nodes

  security_group_id            = var.network.brokers_group
  description                  = "Kafka with IAM from the cluster (${each.key})"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 9098
  to_port                      = 9098
}

resource "aws_vpc_security_group_ingress_rule" "serving" {
  for_each = var.serving_group == null ? {} : merge(local.nodes, { worker = aws_security_group.worker.id })

  security_group_id            = var.serving_group
  description                  = "PostgreSQL from who fills it (${each.key})"
  referenced_security_group_id = each.value
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

# Nodes reach all of the network as it is. By address: a group that a rule of another names could not be removed with the data.
resource "aws_vpc_security_group_egress_rule" "worker_serving" {
  for_each = var.serving_group == null ? toset([]) : toset(var.network.cidrs)

  security_group_id = aws_security_group.worker.id
  description       = "The serving database"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 5432
  to_port           = 5432
}

# EMR from release 8 on is spoken to on 443. Releases before it refuse a cluster without 9443.
resource "aws_vpc_security_group_ingress_rule" "service" {
  for_each = toset(var.network.cidrs)

  security_group_id = aws_security_group.service.id
  description       = "From nodes to EMR"
  cidr_ipv4         = each.key
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_ingress_rule" "service_before_8" {
  security_group_id            = aws_security_group.service.id
  description                  = "From the first node to EMR, before release 8"
  referenced_security_group_id = aws_security_group.main.id
  ip_protocol                  = "tcp"
  from_port                    = 9443
  to_port                      = 9443
}

resource "aws_vpc_security_group_egress_rule" "nodes_within" {
  for_each = {
    for pair in setproduct(["main", "core", "service"], var.network.cidrs) : "${pair[0]} ${pair[1]}" => { group = pair[0], cidr = pair[1] }
  }

  security_group_id = merge(local.nodes, { service = aws_security_group.service.id })[each.value.group]
  description       = "To whatever is within the network"
  cidr_ipv4         = each.value.cidr
  ip_protocol       = "-1"
}

resource "aws_vpc_security_group_egress_rule" "nodes_s3" {
  for_each = local.nodes

  security_group_id = each.value
  description       = "S3 through its endpoint"
  prefix_list_id    = var.network.s3_prefix_list
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "worker" {
  for_each = toset([for port in setunion([443], var.worker_ports) : tostring(port)])

  security_group_id = aws_security_group.worker.id
  description       = "API of Prefect, and AWS"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = tonumber(each.key)
  to_port           = tonumber(each.key)
}
