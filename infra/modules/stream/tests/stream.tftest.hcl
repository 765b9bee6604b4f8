mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name           = "headrace-test"
  subnets        = ["subnet-1", "subnet-2", "subnet-3"]
  security_group = "sg-1"
  key_arn        = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "only_iam_over_tls_gets_in" {
  command = plan

  assert {
    condition     = aws_msk_cluster.this[0].client_authentication[0].unauthenticated == false
    error_message = "anybody gets in"
  }

  assert {
    condition     = aws_msk_cluster.this[0].client_authentication[0].sasl[0].iam
    error_message = "IAM does not let in"
  }

  assert {
    condition     = aws_msk_cluster.this[0].encryption_info[0].encryption_in_transit[0].client_broker == "TLS"
    error_message = "messages travel in the open"
  }

  assert {
    condition     = aws_msk_cluster.this[0].encryption_info[0].encryption_at_rest_kms_key_arn == var.key_arn
    error_message = "messages lie under another key"
  }

  assert {
    condition     = length(aws_msk_serverless_cluster.this) == 0
    error_message = "there are two clusters"
  }
}

run "a_message_survives_its_broker" {
  command = plan

  assert {
    condition     = aws_msk_cluster.this[0].number_of_broker_nodes == 3
    error_message = "not a broker in each zone"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "default.replication.factor=3")
    error_message = "messages are not kept in each zone"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "min.insync.replicas=2")
    error_message = "a message counts as sent before there are two copies, or only when all brokers are there"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "unclean.leader.election.enable=false")
    error_message = "a broker that lags behind may take over, and lose"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "auto.create.topics.enable=false")
    error_message = "a topic with a wrong name is made instead of refused"
  }
}

run "serverless_has_no_brokers_to_size" {
  command = plan

  variables {
    kind = "serverless"
  }

  assert {
    condition     = length(aws_msk_cluster.this) == 0 && length(aws_msk_configuration.this) == 0
    error_message = "brokers are made nevertheless"
  }

  assert {
    condition     = aws_msk_serverless_cluster.this[0].client_authentication[0].sasl[0].iam[0].enabled
    error_message = "IAM does not let in"
  }
}

run "one_zone_is_refused" {
  command = plan

  variables {
    subnets = ["subnet-1"]
  }

  expect_failures = [var.subnets]
}

run "a_kind_that_is_none_is_refused" {
  command = plan

  variables {
    kind = "kinesis"
  }

  expect_failures = [var.kind]
}

run "messages_outlive_a_night" {
  command = plan

  variables {
    retention_hours = 1
  }

  expect_failures = [var.retention_hours]
}

run "of_two_brokers_one_can_be_lost" {
  command = plan

  variables {
    subnets = ["subnet-1", "subnet-2"]
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "default.replication.factor=2\nmin.insync.replicas=1\n")
    error_message = "while a broker is patched, nothing can be sent"
  }
}

run "another_version_has_a_configuration_of_its_own" {
  command = plan

  variables {
    kafka_version = "3.8.x"
  }

  assert {
    condition     = aws_msk_configuration.this[0].name == "headrace-test-3-8-x"
    error_message = "the name is taken by the configuration that is replaced"
  }
}

run "disks_grow" {
  command = apply

  variables {
    volume_gb      = 3300
    most_volume_gb = 6000
    gb_an_hour     = 36
  }

  assert {
    condition     = aws_appautoscaling_target.disks[0].resource_id == aws_msk_cluster.this[0].arn && aws_appautoscaling_target.disks[0].max_capacity == 6000
    error_message = "disks do not grow"
  }

  assert {
    condition     = one(aws_appautoscaling_policy.disks[0].target_tracking_scaling_policy_configuration).disable_scale_in
    error_message = "disks would shrink, which they cannot"
  }
}

run "disks_that_are_to_stay_do_not_grow" {
  command = plan

  assert {
    condition     = length(aws_appautoscaling_target.disks) == 0
    error_message = "disks grow though nobody said so"
  }
}

run "disks_too_small_for_what_comes_in_are_refused" {
  command = plan

  variables {
    volume_gb  = 500
    gb_an_hour = 36
  }

  expect_failures = [var.volume_gb]
}

run "disks_cannot_grow_to_less" {
  command = plan

  variables {
    most_volume_gb = 50
  }

  expect_failures = [var.most_volume_gb]
}

run "a_version_that_is_none_is_refused" {
  command = plan

  variables {
    kafka_version = "latest"
  }

  expect_failures = [var.kafka_version]
}

run "four_zones_are_refused" {
  command = plan

  variables {
    subnets = ["subnet-1", "subnet-2", "subnet-3", "subnet-4"]
  }

  expect_failures = [var.subnets]
}

run "days_that_cloudwatch_does_not_know_are_refused" {
  command = plan

  variables {
    log_days = 10
  }

  expect_failures = [var.log_days]
}

run "without_a_password_nobody_has_one" {
  command = plan

  assert {
    condition     = !aws_msk_cluster.this[0].client_authentication[0].sasl[0].scram && length(aws_msk_cluster_policy.this) == 0 && !strcontains(aws_msk_configuration.this[0].server_properties, "acl")
    error_message = "somebody is let in who was not named"
  }
}

run "who_has_a_password_may_do_nothing_at_first" {
  command = plan

  variables {
    has_passwords = true
  }

  assert {
    condition     = aws_msk_cluster.this[0].client_authentication[0].sasl[0].scram && aws_msk_cluster.this[0].client_authentication[0].sasl[0].iam
    error_message = "IoT Core does not get in, or the others no longer"
  }

  assert {
    condition     = strcontains(aws_msk_configuration.this[0].server_properties, "allow.everyone.if.no.acl.found=false")
    error_message = "whoever has a password may read and write all topics"
  }
}

run "another_account_may_connect_and_no_more" {
  command = apply

  variables {
    broker_type       = "kafka.m7g.large"
    producer_accounts = ["210987654321"]
  }

  assert {
    condition     = one(one(one(one(aws_msk_cluster.this[0].broker_node_group_info[0].connectivity_info).vpc_connectivity).client_authentication).sasl).iam
    error_message = "brokers take no connections from other networks"
  }

  assert {
    condition     = one(one(data.aws_iam_policy_document.connections[0].statement).principals).identifiers == toset(["arn:aws:iam::210987654321:root"])
    error_message = "another account than the named one may connect"
  }

  assert {
    condition     = alltrue([for each in one(data.aws_iam_policy_document.connections[0].statement).actions : !startswith(each, "kafka-cluster:")])
    error_message = "another account may read or write without taking a role of ours"
  }
}

run "small_brokers_take_no_other_accounts" {
  command = plan

  variables {
    producer_accounts = ["210987654321"]
  }

  expect_failures = [var.producer_accounts]
}

run "serverless_knows_no_passwords" {
  command = plan

  variables {
    kind          = "serverless"
    has_passwords = true
  }

  expect_failures = [var.has_passwords]
}

run "metrics_that_cost_are_asked_for" {
  command = plan

  assert {
    condition     = aws_msk_cluster.this[0].enhanced_monitoring == "DEFAULT"
    error_message = "metrics of each topic are paid for, and nothing here shows them"
  }
}

run "a_level_of_metrics_that_is_none_is_refused" {
  command = plan

  variables {
    monitoring = "PER_TOPIC"
  }

  expect_failures = [var.monitoring]
}
