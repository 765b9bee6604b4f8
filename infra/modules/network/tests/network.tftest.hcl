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
      for each in concat(values(aws_subnet.private), values(aws_subnet.outward)) : !each.map_public_ip_on_launch
    ])
    error_message = "what starts in a subnet gets a public address"
  }

  assert {
    condition     = length(aws_default_security_group.this[0].ingress) == 0 && length(aws_default_security_group.this[0].egress) == 0
    error_message = "the default group lets something through"
  }

  assert {
    condition     = length(aws_route_table.private[0].route) == 0
    error_message = "the data's side has a way out"
  }
}

run "emr_may_work_in_its_subnets" {
  command = plan

  assert {
    condition     = alltrue([for each in aws_subnet.private : each.tags["for-use-with-amazon-emr-managed-policies"] == "true"])
    error_message = "EMR's own policy does not let it start nodes here"
  }

  assert {
    condition     = alltrue([for each in aws_subnet.outward : !contains(keys(each.tags), "for-use-with-amazon-emr-managed-policies")])
    error_message = "EMR may work where the worker lives"
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

run "days_that_cloudwatch_does_not_know_are_refused" {
  command = plan

  variables {
    log_days = 10
  }

  expect_failures = [var.log_days]
}

run "nobody_reaches_the_brokers_until_named" {
  command = plan

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.producer_groups) == 0 && length(aws_vpc_security_group_ingress_rule.producer_addresses) == 0
    error_message = "somebody may send who was not named"
  }
}

run "producers_that_are_named_reach_the_brokers" {
  command = plan

  variables {
    producers      = { security_groups = ["sg-2"], cidrs = ["10.30.0.0/16"] }
    producer_ports = [9096, 9098]
  }

  assert {
    condition     = toset([for each in aws_vpc_security_group_ingress_rule.producer_groups : [each.referenced_security_group_id, each.from_port, each.to_port]]) == toset([["sg-2", 9096, 9096], ["sg-2", 9098, 9098]])
    error_message = "a producer's group is not let in, or on other ports"
  }

  assert {
    condition     = toset([for each in aws_vpc_security_group_ingress_rule.producer_addresses : [each.cidr_ipv4, each.from_port, each.to_port]]) == toset([["10.30.0.0/16", 9096, 9096], ["10.30.0.0/16", 9098, 9098]])
    error_message = "a producer's addresses are not let in, or on other ports"
  }
}

run "the_whole_world_is_no_producer" {
  command = plan

  variables {
    producers = { security_groups = [], cidrs = ["0.0.0.0/0"] }
  }

  expect_failures = [var.producers]
}

run "a_producers_group_is_an_id" {
  command = plan

  variables {
    producers = { security_groups = ["gateways"], cidrs = [] }
  }

  expect_failures = [var.producers]
}

run "brokers_have_two_ports_for_producers" {
  command = plan

  variables {
    producer_ports = [9092]
  }

  expect_failures = [var.producer_ports]
}

run "zones_go_by_their_ids" {
  command = plan

  assert {
    condition     = output.zone_ids == tolist(["euw1-az1", "euw1-az2"]) && toset(keys(aws_subnet.private)) == toset(["euw1-az1", "euw1-az2"])
    error_message = "another account takes other zones"
  }
}

run "a_zone_that_some_service_leaves_out_is_not_taken" {
  command = plan

  override_data {
    target = data.aws_vpc_endpoint_service.this["emr-serverless"]
    values = { availability_zones = ["eu-west-1a", "eu-west-1b"] }
  }

  variables {
    zones = 3
  }

  assert {
    condition     = output.zone_ids == tolist(["euw1-az2", "euw1-az3"])
    error_message = "jobs could not start in a zone, or there are none where a region has two"
  }
}

run "one_zone_that_serves_all_is_too_few" {
  command = plan

  override_data {
    target = data.aws_vpc_endpoint_service.this["emr-serverless"]
    values = { availability_zones = ["eu-west-1a"] }
  }

  expect_failures = [aws_vpc.this]
}

run "zones_can_be_named" {
  command = plan

  variables {
    zone_ids = ["euw1-az3", "euw1-az1"]
  }

  assert {
    condition     = output.zone_ids == tolist(["euw1-az3", "euw1-az1"]) && length(data.aws_vpc_endpoint_service.this) == 0
    error_message = "other zones are taken than those that are named"
  }
}

run "zones_by_their_names_are_refused" {
  command = plan

  variables {
    zone_ids = ["eu-west-1a", "eu-west-1b"]
  }

  expect_failures = [var.zone_ids]
}

run "one_zone_by_its_id_is_too_few" {
  command = plan

  variables {
    zone_ids = ["euw1-az1"]
  }

  expect_failures = [var.zone_ids]
}

run "a_network_that_is_there_is_taken" {
  command = plan

  override_data {
    target = data.aws_vpc.existing
    values = {
      id         = "vpc-9"
      cidr_block = "10.9.0.0/16"
      cidr_block_associations = [
        { association_id = "vpc-cidr-assoc-1", cidr_block = "10.9.0.0/16", state = "associated" },
        { association_id = "vpc-cidr-assoc-2", cidr_block = "100.64.0.0/16", state = "associated" },
        { association_id = "vpc-cidr-assoc-3", cidr_block = "100.65.0.0/16", state = "disassociated" },
      ]
    }
  }

  override_data {
    target = data.aws_subnet.existing
    values = { vpc_id = "vpc-9", tags = { "for-use-with-amazon-emr-managed-policies" = "true" } }
  }

  override_data {
    target = data.aws_prefix_list.s3
    values = { id = "pl-9" }
  }

  variables {
    existing = { vpc_id = "vpc-9", private_subnets = ["subnet-1", "subnet-2"], outward_subnets = ["subnet-3"] }
  }

  assert {
    condition     = length(aws_vpc.this) + length(aws_subnet.private) + length(aws_subnet.outward) + length(aws_vpc_endpoint.s3) + length(aws_flow_log.refused) == 0
    error_message = "a second network is made"
  }

  assert {
    condition     = aws_security_group.brokers.vpc_id == "vpc-9" && output.cidrs == tolist(["10.9.0.0/16", "100.64.0.0/16"]) && output.s3_prefix_list == "pl-9" && output.private_routes == null
    error_message = "brokers would be elsewhere, or rules name other addresses"
  }

  assert {
    condition     = output.private_subnets == tolist(["subnet-1", "subnet-2"]) && output.outward_subnets == tolist(["subnet-3"])
    error_message = "other subnets are taken"
  }
}

run "subnets_in_which_emr_may_start_nothing_are_told" {
  command = plan

  override_data {
    target = data.aws_subnet.existing
    values = { vpc_id = "vpc-9", tags = {} }
  }

  variables {
    existing = { vpc_id = "vpc-9", private_subnets = ["subnet-1", "subnet-2"], outward_subnets = ["subnet-3"] }
  }

  expect_failures = [data.aws_subnet.existing]
}

run "one_private_subnet_is_too_few" {
  command = plan

  variables {
    existing = { vpc_id = "vpc-9", private_subnets = ["subnet-1"], outward_subnets = ["subnet-3"] }
  }

  expect_failures = [var.existing]
}

run "the_log_of_refused_traffic_can_be_written_for_this_account_alone" {
  command = plan

  assert {
    condition     = { for each in data.aws_iam_policy_document.write[0].statement : join(" ", each.actions) => tolist(each.resources) if contains(each.actions, "logs:DescribeLogGroups") } == { "logs:DescribeLogGroups" = tolist(["*"]) }
    error_message = "the role may not look for its group"
  }

  assert {
    condition     = [for each in one(data.aws_iam_policy_document.assume.statement).condition : [each.variable, one(each.values)]] == [["aws:SourceAccount", "123456789012"]]
    error_message = "a flow log of another account could write here"
  }
}

run "of_s3_only_our_account_is_reached_and_what_machines_start_from" {
  command = plan

  assert {
    condition = {
      for each in data.aws_iam_policy_document.s3.statement : each.sid => toset([for condition in each.condition : condition.variable])
      } == {
      OurAccount            = toset(["aws:PrincipalAccount", "aws:ResourceAccount"])
      WhatMachinesStartFrom = toset([])
      WhatMachinesTell      = toset([])
      ApplicationHistory    = toset([])
    }
    error_message = "data can be carried to a bucket of another account"
  }

  assert {
    condition = one([for each in data.aws_iam_policy_document.s3.statement : toset(each.resources) if each.sid == "WhatMachinesStartFrom"]) == toset([
      "arn:aws:s3:::al2023-repos-eu-west-1-de612dc2/*",
      "arn:aws:s3:::repo.eu-west-1.emr.amazonaws.com/*",
      "arn:aws:s3:::aws157-instance-data-0-prod-eu-west-1/*",
      "arn:aws:s3:::aws157-instance-data-1-prod-eu-west-1/*",
      "arn:aws:s3:::eu-west-1.elasticmapreduce/*",
      "arn:aws:s3:::prod-eu-west-1-starport-layer-bucket/*",
    ])
    error_message = "a machine of EMR could not start"
  }
}
