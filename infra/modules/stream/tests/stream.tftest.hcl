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
