mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "headrace-test"
  key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "nothing_is_reached_from_outside" {
  command = apply

  assert {
    condition = alltrue([
      for each in concat(
        values(aws_vpc_security_group_ingress_rule.brokers),
        [
          aws_vpc_security_group_ingress_rule.endpoints,
          aws_vpc_security_group_ingress_rule.service,
          aws_vpc_security_group_ingress_rule.service_before_8,
        ],
      ) : each.cidr_ipv4 == null || each.cidr_ipv4 == var.cidr
    ])
    error_message = "something lets the outside in"
  }

  assert {
    condition = alltrue([
      for each in concat(values(aws_subnet.private), values(aws_subnet.outward)) : !each.map_public_ip_on_launch
    ])
    error_message = "what starts in a subnet gets a public address"
  }

  assert {
    condition     = length(aws_default_security_group.this.ingress) == 0 && length(aws_default_security_group.this.egress) == 0
    error_message = "the default group lets something through"
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
    condition     = length(aws_route_table.private.route) == 0 && length(aws_route.way_out) == 0 && length(aws_nat_gateway.this) == 0
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

run "emr_may_work_in_its_subnets_and_groups" {
  command = plan

  assert {
    condition = alltrue([
      for each in concat(values(aws_subnet.private), [aws_security_group.main, aws_security_group.core, aws_security_group.service]) :
      each.tags["for-use-with-amazon-emr-managed-policies"] == "true"
    ])
    error_message = "EMR's own policy does not let it start nodes here"
  }

  assert {
    condition     = alltrue([for each in aws_subnet.outward : !contains(keys(each.tags), "for-use-with-amazon-emr-managed-policies")])
    error_message = "EMR may work where the worker lives"
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
    condition     = aws_vpc_security_group_ingress_rule.service.from_port == 443 && aws_vpc_security_group_ingress_rule.service.cidr_ipv4 == var.cidr
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
    condition     = aws_route.way_out[0].nat_gateway_id == aws_nat_gateway.this[0].id && aws_route.way_out[0].route_table_id == aws_route_table.private.id
    error_message = "there is a gateway and no way to it"
  }

  assert {
    condition     = contains([for each in aws_subnet.outward : each.id], aws_nat_gateway.this[0].subnet_id)
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

run "zones_that_an_account_has_to_ask_for_are_left_out" {
  command = plan

  assert {
    condition     = [for each in data.aws_availability_zones.this.filter : [each.name, tolist(each.values)]] == [["opt-in-status", tolist(["opt-in-not-required"])]]
    error_message = "a local zone may be taken"
  }
}

run "production_spreads_over_three_zones" {
  command = plan

  variables {
    zones = 3
  }

  assert {
    condition     = length(aws_subnet.private) == 3 && length(aws_subnet.outward) == 3
    error_message = "a zone has no subnet"
  }

  assert {
    condition     = length(distinct([for each in concat(values(aws_subnet.private), values(aws_subnet.outward)) : each.cidr_block])) == 6
    error_message = "two subnets share addresses"
  }
}

run "one_zone_is_too_few_for_brokers" {
  command = plan

  variables {
    zones = 1
  }

  expect_failures = [var.zones]
}

run "a_network_too_small_for_its_subnets_is_refused" {
  command = plan

  variables {
    cidr = "10.20.0.0/24"
  }

  expect_failures = [var.cidr]
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

run "days_that_cloudwatch_does_not_know_are_refused" {
  command = plan

  variables {
    log_days = 10
  }

  expect_failures = [var.log_days]
}
