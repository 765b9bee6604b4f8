mock_provider "aws" {
  source = "../../tests/mocks"
}

variables {
  name                     = "headrace-test"
  subnets                  = ["subnet-1", "subnet-2"]
  security_groups          = { main = "sg-1", core = "sg-2", service = "sg-3" }
  job_role_arn             = "arn:aws:iam::123456789012:role/headrace-test-job"
  job_instance_profile_arn = "arn:aws:iam::123456789012:instance-profile/headrace-test-job"
  key_arn                  = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  logs_bucket              = "test-logs"
}

run "disks_are_encrypted_and_metadata_wants_a_token" {
  command = plan

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.AtRestEncryptionConfiguration.LocalDiskEncryptionConfiguration.AwsKmsKey == var.key_arn
    error_message = "disks lie under another key"
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this[0].configuration).InstanceMetadataServiceConfiguration.MinimumInstanceMetadataServiceVersion == 2
    error_message = "a node's credentials can be had without a token"
  }
}

run "emr_may_use_the_key_of_its_disks" {
  command = plan

  assert {
    condition = toset(flatten([
      for each in data.aws_iam_policy_document.service.statement : each.actions if each.resources == toset([var.key_arn])
      ])) == toset([
      "kms:CreateGrant",
      "kms:Decrypt",
      "kms:DescribeKey",
      "kms:GenerateDataKeyWithoutPlaintext",
      "kms:ReEncryptFrom",
      "kms:ReEncryptTo",
    ])
    error_message = "EMR has no right to the key that its disks are encrypted with"
  }

  assert {
    condition = alltrue([
      for each in data.aws_iam_policy_document.service.statement :
      one(each.condition).variable == "kms:GrantIsForAWSResource" if contains(each.actions, "kms:CreateGrant")
    ])
    error_message = "EMR may hand the key on to anyone"
  }
}

run "as_many_types_as_allowed_are_taken" {
  command = plan

  assert {
    condition     = one(one(aws_emr_cluster.this[0].core_instance_fleet[0].launch_specifications).on_demand_specification).allocation_strategy == "lowest-price"
    error_message = "without a strategy, EMR takes five types"
  }

  assert {
    condition     = one(one(aws_emr_instance_fleet.spot[0].launch_specifications).spot_specification).allocation_strategy == "capacity-optimized"
    error_message = "without a strategy, EMR takes five types"
  }

  assert {
    condition     = aws_emr_instance_fleet.spot[0].target_spot_capacity > 0
    error_message = "EMR refuses a fleet that begins with nothing"
  }
}

run "it_grows_from_spot_and_ends_when_idle" {
  command = plan

  assert {
    condition     = one(aws_emr_cluster.this[0].auto_termination_policy).idle_timeout == 3600
    error_message = "an idle cluster goes on"
  }

  assert {
    condition     = one(aws_emr_managed_scaling_policy.this[0].compute_limits).maximum_ondemand_capacity_units == 1
    error_message = "it grows at the full price"
  }

  assert {
    condition     = one(one(aws_emr_instance_fleet.spot[0].launch_specifications).spot_specification).timeout_action == "SWITCH_TO_ON_DEMAND"
    error_message = "without spot there is no work"
  }
}

run "one_that_stands_does_not_end" {
  command = plan

  variables {
    stops_when_idle = false
  }

  assert {
    condition     = length(aws_emr_cluster.this[0].auto_termination_policy) == 0
    error_message = "the standing job's cluster ends"
  }
}

run "serverless_sleeps_and_has_a_limit" {
  command = plan

  variables {
    kind = "serverless"
  }

  assert {
    condition     = length(aws_emr_cluster.this) == 0
    error_message = "a cluster is made nevertheless"
  }

  assert {
    condition     = one(aws_emrserverless_application.this[0].maximum_capacity).cpu == "32 vCPU"
    error_message = "it may grow beyond what was said"
  }

  assert {
    condition     = aws_emrserverless_application.this[0].tags.environment == "headrace-test"
    error_message = "the worker would have no right to it"
  }
}

run "the_release_is_the_one_that_belongs_to_the_jars" {
  command = plan

  assert {
    condition     = aws_emr_cluster.this[0].release_label == yamldecode(file("../../../headrace/versions.yml")).emr_release
    error_message = "a cluster runs another release than headrace/versions.yml names"
  }
}

run "an_application_has_the_same_release" {
  command = plan

  variables {
    kind = "serverless"
  }

  assert {
    condition     = aws_emrserverless_application.this[0].release_label == local.release
    error_message = "an application runs another release than headrace/versions.yml names"
  }
}

run "another_patch_is_taken" {
  command = plan

  variables {
    release = "emr-spark-8.1.7"
  }

  assert {
    condition     = aws_emr_cluster.this[0].release_label == "emr-spark-8.1.7"
    error_message = "a patch of the same minor is not taken"
  }
}

run "another_minor_is_refused" {
  command = plan

  variables {
    release = "emr-spark-8.0.0"
  }

  expect_failures = [var.release]
}

run "a_release_without_spark_4_is_refused" {
  command = plan

  variables {
    release = "emr-7.9.0"
  }

  expect_failures = [var.release]
}

run "fewer_nodes_at_most_than_always_are_refused" {
  command = plan

  variables {
    core_nodes = 5
    most_nodes = 2
  }

  expect_failures = [var.most_nodes]
}

run "a_machine_without_a_size_is_refused" {
  command = plan

  variables {
    main_type = "m7i"
  }

  expect_failures = [var.main_type]
}

run "a_user_is_no_role" {
  command = plan

  variables {
    job_role_arn = "arn:aws:iam::123456789012:user/me"
  }

  expect_failures = [var.job_role_arn]
}
