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
      for each in concat(values(aws_vpc_security_group_ingress_rule.brokers), [aws_vpc_security_group_ingress_rule.endpoints]) :
      each.cidr_ipv4 == null || each.cidr_ipv4 == var.cidr
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
    condition     = length(aws_route_table.private.route) == 0
    error_message = "the data's side has a way out"
  }

  assert {
    condition     = aws_vpc_security_group_egress_rule.worker.from_port == 443 && aws_vpc_security_group_egress_rule.worker.to_port == 443
    error_message = "the worker may speak anything to anyone"
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
