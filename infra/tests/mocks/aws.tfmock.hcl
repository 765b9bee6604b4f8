# What a provider without an account answers, where a plan needs something that looks right.

mock_data "aws_caller_identity" {
  defaults = {
    account_id = "123456789012"
  }
}

mock_data "aws_partition" {
  defaults = {
    partition = "aws"
  }
}

mock_data "aws_region" {
  defaults = {
    id   = "eu-west-1"
    name = "eu-west-1"
  }
}

mock_data "aws_availability_zones" {
  defaults = {
    names    = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
    zone_ids = ["euw1-az2", "euw1-az3", "euw1-az1"]
  }
}

mock_data "aws_vpc_endpoint_service" {
  defaults = {
    availability_zones = ["eu-west-1a", "eu-west-1b", "eu-west-1c"]
  }
}

mock_data "aws_iam_policy_document" {
  defaults = {
    json = "{\"Version\":\"2012-10-17\",\"Statement\":[]}"
  }
}

mock_data "aws_ssm_parameters_by_path" {
  defaults = {
    names = ["/headrace-test/data", "/headrace-dev/data", "/headrace-prod/data", "/headrace-own/data", "/headrace-served/data"]
    values = [
      "{\"environment\":\"headrace-test\",\"key_arn\":\"arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555\",\"buckets\":{\"artifacts\":\"headrace-test-artifacts-123456789012-eu-west-1\",\"lake\":\"headrace-test-lake-123456789012-eu-west-1\",\"landing\":\"headrace-test-landing-123456789012-eu-west-1\",\"logs\":\"headrace-test-logs-123456789012-eu-west-1\"},\"kafka\":{\"arn\":\"arn:aws:kafka:eu-west-1:123456789012:cluster/headrace-test/1\",\"bootstrap\":\"b-1:9098\",\"brokers\":2},\"network\":{\"vpc_id\":\"vpc-1\",\"cidrs\":[\"10.20.0.0/16\"],\"private_subnets\":[\"subnet-1\",\"subnet-2\"],\"outward_subnets\":[\"subnet-3\",\"subnet-4\"],\"private_routes\":\"rtb-1\",\"s3_prefix_list\":\"pl-1\",\"brokers_group\":\"sg-1\"},\"prefect_api_key\":{\"arn\":\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:any\",\"version\":\"1\"}}",
      "{\"environment\":\"headrace-dev\",\"key_arn\":\"arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555\",\"buckets\":{\"artifacts\":\"headrace-dev-artifacts-123456789012-eu-west-1\",\"lake\":\"headrace-dev-lake-123456789012-eu-west-1\",\"landing\":\"headrace-dev-landing-123456789012-eu-west-1\",\"logs\":\"headrace-dev-logs-123456789012-eu-west-1\"},\"kafka\":{\"arn\":\"arn:aws:kafka:eu-west-1:123456789012:cluster/headrace-dev/1\",\"bootstrap\":\"b-1:9098\",\"brokers\":2},\"network\":{\"vpc_id\":\"vpc-1\",\"cidrs\":[\"10.20.0.0/16\"],\"private_subnets\":[\"subnet-1\",\"subnet-2\"],\"outward_subnets\":[\"subnet-3\",\"subnet-4\"],\"private_routes\":\"rtb-1\",\"s3_prefix_list\":\"pl-1\",\"brokers_group\":\"sg-1\"},\"prefect_api_key\":{\"arn\":\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:any\",\"version\":\"1\"}}",
      "{\"environment\":\"headrace-prod\",\"key_arn\":\"arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555\",\"buckets\":{\"artifacts\":\"headrace-prod-artifacts-123456789012-eu-west-1\",\"lake\":\"headrace-prod-lake-123456789012-eu-west-1\",\"landing\":\"headrace-prod-landing-123456789012-eu-west-1\",\"logs\":\"headrace-prod-logs-123456789012-eu-west-1\"},\"kafka\":{\"arn\":\"arn:aws:kafka:eu-west-1:123456789012:cluster/headrace-prod/1\",\"bootstrap\":\"b-1:9098\",\"brokers\":2},\"network\":{\"vpc_id\":\"vpc-1\",\"cidrs\":[\"10.20.0.0/16\"],\"private_subnets\":[\"subnet-1\",\"subnet-2\"],\"outward_subnets\":[\"subnet-3\",\"subnet-4\"],\"private_routes\":\"rtb-1\",\"s3_prefix_list\":\"pl-1\",\"brokers_group\":\"sg-1\"},\"prefect_api_key\":{\"arn\":\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:any\",\"version\":\"1\"}}",
      "{\"environment\":\"headrace-own\",\"key_arn\":\"arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555\",\"buckets\":{\"artifacts\":\"headrace-own-artifacts-123456789012-eu-west-1\",\"lake\":\"headrace-own-lake-123456789012-eu-west-1\",\"landing\":\"headrace-own-landing-123456789012-eu-west-1\",\"logs\":\"headrace-own-logs-123456789012-eu-west-1\"},\"kafka\":{\"arn\":\"arn:aws:kafka:eu-west-1:123456789012:cluster/headrace-own/1\",\"bootstrap\":\"b-1:9098\",\"brokers\":2},\"network\":{\"vpc_id\":\"vpc-1\",\"cidrs\":[\"10.20.0.0/16\"],\"private_subnets\":[\"subnet-1\",\"subnet-2\"],\"outward_subnets\":[\"subnet-3\",\"subnet-4\"],\"private_routes\":\"rtb-1\",\"s3_prefix_list\":\"pl-1\",\"brokers_group\":\"sg-1\"},\"prefect_api_key\":null}",
      "{\"environment\":\"headrace-served\",\"key_arn\":\"arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555\",\"buckets\":{\"artifacts\":\"headrace-served-artifacts-123456789012-eu-west-1\",\"lake\":\"headrace-served-lake-123456789012-eu-west-1\",\"landing\":\"headrace-served-landing-123456789012-eu-west-1\",\"logs\":\"headrace-served-logs-123456789012-eu-west-1\"},\"kafka\":{\"arn\":\"arn:aws:kafka:eu-west-1:123456789012:cluster/headrace-served/1\",\"bootstrap\":\"b-1:9098\",\"brokers\":2},\"network\":{\"vpc_id\":\"vpc-1\",\"cidrs\":[\"10.20.0.0/16\"],\"private_subnets\":[\"subnet-1\",\"subnet-2\"],\"outward_subnets\":[\"subnet-3\",\"subnet-4\"],\"private_routes\":\"rtb-1\",\"s3_prefix_list\":\"pl-1\",\"brokers_group\":\"sg-1\"},\"prefect_api_key\":null,\"serving\":{\"identifier\":\"headrace-served-serving\",\"secret_arn\":\"arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-any\",\"resource_id\":\"db-ABC\",\"iam_user\":\"headrace_serve\",\"group\":\"sg-5\",\"gb\":20,\"dollars_a_month\":15.35}}",
    ]
  }
}

mock_resource "aws_kms_key" {
  defaults = {
    arn = "arn:aws:kms:eu-west-1:123456789012:key/11111111-2222-3333-4444-555555555555"
  }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = {
    arn = "arn:aws:logs:eu-west-1:123456789012:log-group:/headrace-test/any"
  }
}

mock_resource "aws_iam_role" {
  defaults = {
    arn = "arn:aws:iam::123456789012:role/any"
  }
}

mock_resource "aws_sns_topic" {
  defaults = {
    arn = "arn:aws:sns:eu-west-1:123456789012:any"
  }
}

mock_resource "aws_s3_bucket" {
  defaults = {
    arn = "arn:aws:s3:::any"
  }
}

mock_resource "aws_iam_instance_profile" {
  defaults = {
    arn = "arn:aws:iam::123456789012:instance-profile/any"
  }
}

mock_resource "aws_msk_configuration" {
  defaults = {
    arn             = "arn:aws:kafka:eu-west-1:123456789012:configuration/any/11111111-2222-3333-4444-555555555555-4"
    latest_revision = 1
  }
}

mock_resource "aws_msk_cluster" {
  defaults = {
    arn = "arn:aws:kafka:eu-west-1:123456789012:cluster/any/11111111-2222-3333-4444-555555555555-4"
  }
}

mock_resource "aws_msk_serverless_cluster" {
  defaults = {
    arn = "arn:aws:kafka:eu-west-1:123456789012:cluster/any/11111111-2222-3333-4444-555555555555-s1"
  }
}

mock_resource "aws_ecs_task_definition" {
  defaults = {
    arn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/any:1"
  }
}

mock_resource "aws_secretsmanager_secret" {
  defaults = {
    arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:any"
  }
}

mock_resource "aws_vpc" {
  defaults = {
    id = "vpc-1"
  }
}

mock_resource "aws_subnet" {
  defaults = {
    id = "subnet-1"
  }
}

mock_resource "aws_security_group" {
  defaults = {
    id = "sg-1"
  }
}

mock_data "aws_ec2_instance_type_offerings" {
  defaults = {
    instance_types = ["i4g.xlarge", "i8g.xlarge", "r6g.xlarge", "r7g.xlarge", "r7i.xlarge", "r8g.xlarge", "r6i.xlarge", "r5.xlarge"]
  }
}

mock_resource "aws_db_instance" {
  defaults = {
    address            = "headrace-test-serving.abc.eu-west-1.rds.amazonaws.com"
    resource_id        = "db-ABC"
    master_user_secret = [{ kms_key_id = "any", secret_arn = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!db-any", secret_status = "active" }]
  }
}

mock_resource "aws_emr_cluster" {
  defaults = {
    id = "j-2AXXXXXXGAPLF"
  }
}

mock_resource "aws_emrserverless_application" {
  defaults = {
    id = "00fkzkmkfvlvb70l"
  }
}
