mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name = "headrace-test"
  network = {
    vpc_id          = "vpc-1"
    cidrs           = ["10.20.0.0/16"]
    private_subnets = ["subnet-1", "subnet-2"]
    outward_subnets = ["subnet-3", "subnet-4"]
    private_routes  = "rtb-1"
    s3_prefix_list  = "pl-1"
    brokers_group   = "sg-9"
  }
}

run "nothing_is_reached_from_outside" {
  command = apply

  assert {
    condition = alltrue([
      for each in concat(
        values(aws_vpc_security_group_ingress_rule.brokers),
        values(aws_vpc_security_group_ingress_rule.endpoints),
        values(aws_vpc_security_group_ingress_rule.service),
        [aws_vpc_security_group_ingress_rule.service_before_8],
      ) : each.cidr_ipv4 == null || contains(var.network.cidrs, coalesce(each.cidr_ipv4, "none"))
    ])
    error_message = "something lets the outside in"
  }
}

run "brokers_speak_with_iam_alone_and_to_the_cluster_alone" {
  command = apply

  assert {
    condition = alltrue([
      for each in aws_vpc_security_group_ingress_rule.brokers :
      each.from_port == 9098 && each.to_port == 9098 && each.referenced_security_group_id != null
    ])
    error_message = "brokers answer on another port, or to others"
  }
}

run "only_the_worker_has_a_way_out" {
  command = apply

  assert {
    condition     = length(aws_route.way_out) == 0 && length(aws_nat_gateway.this) == 0
    error_message = "the data's side has a way out"
  }

  assert {
    condition     = [for each in aws_vpc_security_group_egress_rule.worker : [each.from_port, each.to_port]] == [[443, 443]]
    error_message = "the worker may speak anything to anyone"
  }
}

run "a_prefect_on_another_port_is_reached" {
  command = plan

  variables {
    worker_ports = [443, 4200]
  }

  assert {
    condition     = toset([for each in aws_vpc_security_group_egress_rule.worker : each.from_port]) == toset([443, 4200])
    error_message = "the worker does not reach Prefect, or AWS"
  }

  assert {
    condition     = alltrue([for each in aws_vpc_security_group_egress_rule.worker : each.from_port == each.to_port])
    error_message = "the worker reaches ports in between"
  }
}

run "emr_may_work_in_its_groups" {
  command = plan

  assert {
    condition = alltrue([
      for each in [aws_security_group.main, aws_security_group.core, aws_security_group.service] :
      each.tags["for-use-with-amazon-emr-managed-policies"] == "true"
    ])
    error_message = "EMR's own policy does not let it start nodes here"
  }
}

run "a_cluster_reaches_emr" {
  command = apply

  variables {
    has_cluster = true
  }

  assert {
    condition     = aws_vpc_endpoint.emr[0].service_name == "aws.api.eu-west-1.emr-service-cell01"
    error_message = "there is no endpoint of EMR's own"
  }

  assert {
    condition     = aws_vpc_endpoint.emr[0].security_group_ids == toset([aws_security_group.service.id]) && aws_vpc_endpoint.emr[0].private_dns_enabled
    error_message = "nodes do not find EMR's endpoint, or are not let in"
  }

  assert {
    condition     = { for block, rule in aws_vpc_security_group_ingress_rule.service : block => rule.from_port } == { "10.20.0.0/16" = 443 }
    error_message = "EMR's endpoint lets nodes not in"
  }

  assert {
    condition     = aws_vpc_security_group_ingress_rule.service_before_8.from_port == 9443 && aws_vpc_security_group_ingress_rule.service_before_8.referenced_security_group_id == aws_security_group.main.id
    error_message = "EMR refuses a cluster whose first node may not speak to it"
  }
}

run "the_way_out_is_the_first_nodes_and_https_alone" {
  command = apply

  variables {
    has_way_out = true
  }

  assert {
    condition     = aws_route.way_out[0].nat_gateway_id == aws_nat_gateway.this[0].id && aws_route.way_out[0].route_table_id == var.network.private_routes
    error_message = "there is a gateway and no way to it"
  }

  assert {
    condition     = contains(var.network.outward_subnets, aws_nat_gateway.this[0].subnet_id)
    error_message = "the gateway has no way out itself"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.way_out[0].from_port == 443 && aws_vpc_security_group_egress_rule.way_out[0].to_port == 443
    error_message = "the first node may speak anything to anyone"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.way_out[0].security_group_id == aws_security_group.main.id
    error_message = "another than the first node is let out"
  }
}

run "a_port_that_is_none_is_refused" {
  command = plan

  variables {
    worker_ports = [70000]
  }

  expect_failures = [var.worker_ports]
}

run "s3_has_an_endpoint_already" {
  command = plan

  variables {
    endpoints = ["s3"]
  }

  expect_failures = [var.endpoints]
}

run "subnets_are_wanted" {
  command = plan

  variables {
    network = {
      vpc_id          = "vpc-1"
      cidrs           = ["10.20.0.0/16"]
      private_subnets = []
      outward_subnets = ["subnet-3"]
      private_routes  = "rtb-1"
      s3_prefix_list  = "pl-1"
      brokers_group   = "sg-9"
    }
  }

  expect_failures = [var.network]
}

run "a_network_that_is_there_has_its_own_way_out" {
  command = plan

  variables {
    has_way_out = true
    network = {
      vpc_id          = "vpc-1"
      cidrs           = ["10.20.0.0/16"]
      private_subnets = ["subnet-1"]
      outward_subnets = ["subnet-3"]
      private_routes  = null
      s3_prefix_list  = "pl-1"
      brokers_group   = "sg-9"
    }
  }

  assert {
    condition     = length(aws_nat_gateway.this) + length(aws_eip.way_out) + length(aws_route.way_out) == 0 && length(aws_vpc_security_group_egress_rule.way_out) == 1
    error_message = "routes of somebody else's network are changed, or the first node is not let out"
  }
}

run "endpoints_that_a_network_has_are_not_made_again" {
  command = plan

  variables {
    endpoints        = []
    has_cluster      = true
    has_emr_endpoint = false
  }

  assert {
    condition     = length(aws_vpc_endpoint.this) + length(aws_vpc_endpoint.emr) == 0
    error_message = "AWS refuses a second endpoint of a service with private names"
  }
}

run "no_endpoint_is_made_that_no_job_uses" {
  command = plan

  assert {
    condition     = toset(keys(aws_vpc_endpoint.this)) == toset(["elasticmapreduce", "glue", "kms", "logs", "monitoring", "sts"])
    error_message = "the worker reaches Secrets Manager and SNS by its own way out, and nobody else asks them"
  }
}

run "addresses_that_a_network_was_given_later_are_within_it" {
  command = apply

  variables {
    network = {
      vpc_id          = "vpc-1"
      cidrs           = ["10.20.0.0/16", "100.64.0.0/16"]
      private_subnets = ["subnet-1", "subnet-2"]
      outward_subnets = ["subnet-3", "subnet-4"]
      private_routes  = null
      s3_prefix_list  = "pl-1"
      brokers_group   = "sg-9"
    }
  }

  assert {
    condition     = toset(keys(aws_vpc_security_group_ingress_rule.endpoints)) == toset(var.network.cidrs) && toset(keys(aws_vpc_security_group_ingress_rule.service)) == toset(var.network.cidrs)
    error_message = "nodes in later addresses do not reach AWS"
  }

  assert {
    condition     = toset([for each in aws_vpc_security_group_egress_rule.nodes_within : each.cidr_ipv4]) == toset(var.network.cidrs) && length(aws_vpc_security_group_egress_rule.nodes_within) == 6
    error_message = "nodes do not reach brokers in later addresses"
  }
}

run "endpoints_serve_our_account_alone" {
  command = plan

  assert {
    condition     = toset([for each in one(data.aws_iam_policy_document.ours.statement).condition : each.variable]) == toset(["aws:PrincipalAccount", "aws:ResourceAccount"])
    error_message = "credentials of another account can carry data out"
  }
}

run "without_a_serving_database_nothing_leads_to_one" {
  command = plan

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.serving) + length(aws_vpc_security_group_egress_rule.worker_serving) == 0
    error_message = "a rule leads nowhere"
  }
}

run "cluster_and_worker_reach_the_serving_database_and_by_its_port_alone" {
  command = apply

  variables {
    serving_group = "sg-5"
  }

  assert {
    condition = toset(keys(aws_vpc_security_group_ingress_rule.serving)) == toset(["main", "core", "worker"]) && alltrue([
      for each in aws_vpc_security_group_ingress_rule.serving :
      each.security_group_id == "sg-5" && each.referenced_security_group_id != null && each.cidr_ipv4 == null && each.from_port == 5432 && each.to_port == 5432
    ])
    error_message = "others are let in, or not all who fill it"
  }

  assert {
    condition     = alltrue([for cidr, each in aws_vpc_security_group_egress_rule.worker_serving : contains(var.network.cidrs, cidr) && each.from_port == 5432 && each.to_port == 5432]) && length(aws_vpc_security_group_egress_rule.worker_serving) > 0
    error_message = "the worker does not get there, or further"
  }
}

run "addresses_are_no_security_group" {
  command = plan

  variables {
    serving_group = "10.0.0.0/8"
  }

  expect_failures = [var.serving_group]
}
