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

run "what_goes_to_s3_is_under_our_key" {
  command = plan

  assert {
    condition = jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.AtRestEncryptionConfiguration.S3EncryptionConfiguration == {
      EncryptionMode = "SSE-KMS"
      AwsKmsKey      = var.key_arn
    }
    error_message = "it is encrypted with another key, or not"
  }

  assert {
    condition     = !can(jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.InTransitEncryptionConfiguration)
    error_message = "EMR is asked for certificates that there are none of"
  }
}

run "nodes_speak_tls_where_they_have_certificates" {
  command = plan

  variables {
    certificates_s3 = "s3://test-artifacts/code/certificates.zip"
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.EnableInTransitEncryption
    error_message = "nodes speak openly with each other"
  }

  assert {
    condition     = jsondecode(aws_emr_security_configuration.this[0].configuration).EncryptionConfiguration.InTransitEncryptionConfiguration.TLSCertificateConfiguration.S3Object == var.certificates_s3
    error_message = "other certificates are taken"
  }
}

run "certificates_are_in_a_zip_file" {
  command = plan

  variables {
    certificates_s3 = "https://example.com/certificates.pem"
  }

  expect_failures = [var.certificates_s3]
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

run "the_standing_job_has_its_cluster_and_all_else_an_application" {
  command = apply

  variables {
    batch_kind = "serverless"
  }

  assert {
    condition     = length(aws_emr_cluster.this) == 1 && length(aws_emrserverless_application.this) == 1
    error_message = "batch work would take nodes from the standing job"
  }

  assert {
    condition     = length(aws_emr_instance_fleet.spot) == 0
    error_message = "what never ends would run on machines that go"
  }

  assert {
    condition = jsondecode(aws_ssm_parameter.this.value) == {
      emr_kind        = "serverless"
      emr_id          = aws_emrserverless_application.this[0].id
      stream_emr_kind = "cluster"
      stream_emr_id   = aws_emr_cluster.this[0].id
    }
    error_message = "jobs would be handed to another place"
  }

  assert {
    condition     = aws_ssm_parameter.this.name == "/headrace-test/compute"
    error_message = "nobody finds where jobs run"
  }
}

run "both_on_one_cluster" {
  command = apply

  assert {
    condition     = length(aws_emrserverless_application.this) == 0 && jsondecode(aws_ssm_parameter.this.value).emr_id == aws_emr_cluster.this[0].id
    error_message = "batch work runs elsewhere"
  }
}

run "an_application_alone_has_no_batch_work_on_a_cluster" {
  command = plan

  variables {
    kind       = "serverless"
    batch_kind = "cluster"
  }

  expect_failures = [var.batch_kind]
}

run "executors_fit_their_nodes" {
  command = plan

  assert {
    condition     = local.executors_a_node == 2 && local.executor_mb == 11264
    error_message = "4 cores and 24 GB for YARN, less two managers, are two executors of 11 GB"
  }

  assert {
    condition = one(jsondecode(aws_emr_cluster.this[0].configurations_json)).Properties == {
      "spark.executor.cores"                     = "2"
      "spark.executor.memory"                    = "7885m"
      "spark.executor.memoryOverhead"            = "3379m"
      "spark.dynamicAllocation.enabled"          = "true"
      "spark.dynamicAllocation.initialExecutors" = "1"
      "spark.dynamicAllocation.minExecutors"     = "1"
      "spark.dynamicAllocation.maxExecutors"     = "8"
    }
    error_message = "a job takes more than four nodes have, or less"
  }
}

run "larger_nodes_have_more_executors" {
  command = plan

  variables {
    node_types     = ["m7g.4xlarge"]
    executor_cores = 4
  }

  assert {
    condition     = local.cores == 16 && local.memory_gb == 64 && local.executors_a_node == 4
    error_message = "an m of 16 cores has 64 GB, room for four executors of 4 cores"
  }
}

run "nodes_of_two_sizes_are_refused" {
  command = plan

  variables {
    node_types = ["r7g.xlarge", "r7g.2xlarge"]
  }

  expect_failures = [var.node_types]
}

run "an_executor_without_memory_is_refused" {
  command = plan

  variables {
    node_types     = ["c7g.large"]
    executor_cores = 1
  }

  expect_failures = [aws_emr_cluster.this[0]]
}

run "types_that_the_region_lacks_are_left_out" {
  command = plan

  assert {
    condition     = local.node_types == tolist(["r7g.xlarge", "r8g.xlarge", "r6g.xlarge", "i8g.xlarge", "i4g.xlarge"])
    error_message = "EMR refuses a cluster of which one type is not to be had"
  }

  assert {
    condition     = alltrue([for types in values(local.ten) : length(distinct(types)) == 10])
    error_message = "there are not ten types"
  }
}

run "all_machines_have_one_architecture" {
  command = plan

  variables {
    architecture = "x86_64"
    batch_kind   = "serverless"
  }

  assert {
    condition     = local.node_types == tolist(["r7i.xlarge", "r6i.xlarge", "r5.xlarge"]) && local.main_type == "r7i.xlarge"
    error_message = "machines of two architectures want two packages"
  }

  assert {
    condition     = aws_emrserverless_application.this[0].architecture == "X86_64" && output.architecture == "x86_64"
    error_message = "the application is of another architecture than its package"
  }
}

run "graviton_is_the_default" {
  command = plan

  variables {
    batch_kind = "serverless"
  }

  assert {
    condition     = aws_emrserverless_application.this[0].architecture == "ARM64" && local.main_type == "r7g.xlarge"
    error_message = "it is dearer than it has to be"
  }
}

run "three_primaries_outlive_one" {
  command = plan

  variables {
    main_nodes = 3
  }

  assert {
    condition     = aws_emr_cluster.this[0].master_instance_fleet[0].target_on_demand_capacity == 3
    error_message = "one machine less ends the cluster"
  }

  assert {
    condition     = length(aws_emr_cluster.this[0].auto_termination_policy) == 0
    error_message = "EMR has no such policy for three"
  }

  assert {
    condition     = aws_emr_cluster.this[0].termination_protection
    error_message = "EMR sets it, and each apply would take it back"
  }
}

run "one_primary_is_free_to_go" {
  command = plan

  assert {
    condition     = !aws_emr_cluster.this[0].termination_protection
    error_message = "terraform destroy stops at a cluster that nobody protected"
  }
}

run "two_core_nodes_keep_two_copies" {
  command = plan

  variables {
    core_nodes = 2
  }

  assert {
    condition     = { for each in jsondecode(aws_emr_cluster.this[0].configurations_json) : each.Classification => each.Properties }["hdfs-site"] == { "dfs.replication" = "2" }
    error_message = "with one node gone, what lies in HDFS is gone"
  }
}

run "a_security_configuration_is_made_anew_before_the_old_one_goes" {
  command = plan

  assert {
    condition     = aws_emr_security_configuration.this[0].name_prefix == "headrace-test-"
    error_message = "two of one name cannot be, and AWS changes none"
  }
}

run "the_primary_is_of_a_type_that_the_region_has" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.usual
    values = { instance_types = ["r6g.xlarge", "r8g.xlarge"] }
  }

  assert {
    condition     = local.main_type == "r8g.xlarge"
    error_message = "a region without r7g refuses the cluster"
  }
}

run "a_region_that_has_none_of_the_types_is_told" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.usual
    values = { instance_types = [] }
  }

  variables {
    node_types = ["m7g.xlarge"]
  }

  expect_failures = [aws_emr_cluster.this[0]]
}

run "a_driver_and_an_executor_need_eight_cores" {
  command = plan

  variables {
    most_cores = 4
  }

  expect_failures = [var.most_cores]
}

run "two_primaries_are_refused" {
  command = plan

  variables {
    main_nodes = 2
  }

  expect_failures = [var.main_nodes]
}

run "an_architecture_that_is_none_is_refused" {
  command = plan

  variables {
    architecture = "aarch64"
  }

  expect_failures = [var.architecture]
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
