mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name    = "headrace-test"
  vpc_id  = "vpc-1"
  subnets = ["subnet-1", "subnet-2"]
  key_arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
}

run "all_of_it_lies_under_our_key" {
  command = plan

  assert {
    condition = aws_db_instance.this.storage_encrypted && alltrue([
      for each in [aws_db_instance.this.kms_key_id, aws_db_instance.this.master_user_secret_kms_key_id, aws_db_instance.this.performance_insights_kms_key_id, aws_cloudwatch_log_group.this.kms_key_id] : each == var.key_arn
    ])
    error_message = "data, password, figures or log lie under another key, or under none"
  }
}

run "it_is_reached_from_within_and_over_tls_alone" {
  command = apply

  variables {
    clients       = ["sg-7"]
    is_disposable = true
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.vpc_security_group_ids == toset([aws_security_group.this.id])
    error_message = "it can be reached from outside"
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.clients) == 1 && alltrue([for each in aws_vpc_security_group_ingress_rule.clients : each.referenced_security_group_id == "sg-7" && each.cidr_ipv4 == null && each.from_port == 5432 && each.to_port == 5432])
    error_message = "others are let in than who was named, or by another port"
  }

  assert {
    condition     = contains([for each in aws_db_parameter_group.this.parameter : "${each.name}=${each.value}"], "rds.force_ssl=1")
    error_message = "it answers in the open"
  }
}

run "nobody_is_let_in_who_was_not_named" {
  command = plan

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.clients) == 0
    error_message = "somebody is"
  }
}

run "nobody_sees_its_password" {
  command = apply

  variables {
    is_disposable = true
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null && aws_db_instance.this.iam_database_authentication_enabled
    error_message = "a password stands in the state, or IAM opens nothing"
  }

  assert {
    condition     = output.url == "postgresql://headrace@${aws_db_instance.this.address}:5432/headrace?sslmode=require"
    error_message = "headrace serve would go elsewhere, or in the open"
  }

  assert {
    condition     = output.secret_arn == "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-any"
    error_message = "the password lies elsewhere"
  }
}

run "it_is_kept_and_backed_up" {
  command = plan

  assert {
    condition     = aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot && aws_db_instance.this.final_snapshot_identifier == "headrace-test-serving-final" && aws_db_instance.this.backup_retention_period == 7
    error_message = "it could be lost"
  }

  assert {
    condition     = aws_db_instance.this.auto_minor_version_upgrade
    error_message = "holes stay open until somebody looks"
  }
}

run "what_is_disposable_is_free_to_go" {
  command = plan

  variables {
    is_disposable = true
  }

  assert {
    condition     = !aws_db_instance.this.deletion_protection && aws_db_instance.this.skip_final_snapshot
    error_message = "an environment to try things in cannot be removed"
  }
}

run "it_is_priced_by_the_same_list_as_everything" {
  command = plan

  assert {
    condition     = floor(output.dollars_a_month * 100 + 0.5) == floor((730 * 0.017 + 20 * 0.127 + 0.4) * 100 + 0.5)
    error_message = "the budget would count another amount than headrace cost shows"
  }
}

run "a_second_machine_costs_as_much_again" {
  command = plan

  variables {
    instance_type = "db.m7g.large"
    is_multi_az   = true
    gb            = 100
    most_gb       = 500
  }

  assert {
    condition     = aws_db_instance.this.multi_az && floor(output.dollars_a_month * 100 + 0.5) == floor((730 * 0.372 + 100 * 0.254 + 0.4) * 100 + 0.5)
    error_message = "one machine is made or counted"
  }
}

run "a_type_without_a_price_adds_nothing_to_the_budget" {
  command = plan

  variables {
    instance_type = "db.x9z.large"
  }

  assert {
    condition     = output.dollars_a_month == 0
    error_message = "a price was made up"
  }
}

run "another_major_has_parameters_of_its_own" {
  command = plan

  variables {
    engine_version = "16.4"
  }

  assert {
    condition     = aws_db_parameter_group.this.family == "postgres16" && aws_db_parameter_group.this.name == "headrace-test-serving-16"
    error_message = "RDS would refuse the parameters, or their name is taken"
  }
}

run "a_range_of_addresses_is_no_security_group" {
  command = plan

  variables {
    clients = ["10.0.0.0/8"]
  }

  expect_failures = [var.clients]
}

run "a_machine_of_ec2_is_none_of_rds" {
  command = plan

  variables {
    instance_type = "t4g.micro"
  }

  expect_failures = [var.instance_type]
}

run "one_zone_is_refused_as_rds_would" {
  command = plan

  variables {
    subnets = ["subnet-1"]
  }

  expect_failures = [var.subnets]
}

run "a_disk_that_could_not_grow_is_refused" {
  command = plan

  variables {
    gb      = 100
    most_gb = 105
  }

  expect_failures = [var.most_gb]
}

run "a_day_without_backups_is_refused" {
  command = plan

  variables {
    backup_days = 0
  }

  expect_failures = [var.backup_days]
}

run "mysql_is_no_postgresql" {
  command = plan

  variables {
    engine_version = "8.0"
  }

  expect_failures = [var.engine_version]
}
