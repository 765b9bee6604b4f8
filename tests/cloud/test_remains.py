"""Whatever an environment could leave behind is found."""

import boto3
import pytest

from rehearsal.aws.server_process import REGION
from rehearsal.cloud.remains import left_in_account

pytestmark = pytest.mark.usefixtures("cloud")


def test_what_costs_or_lets_somebody_in_is_found_and_what_is_on_its_way_out_is_not() -> None:
    assert left_in_account("test-state") == []
    ec2, kms = boto3.client("ec2"), boto3.client("kms")
    kept, ended = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    kms.schedule_key_deletion(KeyId=ended, PendingWindowInDays=7)
    address = ec2.allocate_address(Domain="vpc")["AllocationId"]
    vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    to_s3 = {"VpcId": vpc, "ServiceName": f"com.amazonaws.{REGION}.s3", "VpcEndpointType": "Gateway"}
    endpoints = [ec2.create_vpc_endpoint(**to_s3)["VpcEndpoint"]["VpcEndpointId"] for _ in range(2)]
    ec2.delete_vpc_endpoints(VpcEndpointIds=endpoints[1:])
    boto3.client("iam").create_instance_profile(InstanceProfileName="test-job")
    boto3.client("athena").create_work_group(Name="test-asks")
    boto3.client("events").put_rule(Name="test-failed", EventPattern="{}")
    boto3.client("budgets").create_budget(
        AccountId=boto3.client("sts").get_caller_identity()["Account"],
        Budget={
            "BudgetName": "test-month",
            "BudgetType": "COST",
            "TimeUnit": "MONTHLY",
            "BudgetLimit": {"Amount": "1", "Unit": "USD"},
        },
    )
    assert left_in_account("test-state") == [
        f"network {vpc}",
        f"address {address}",
        f"endpoint {endpoints[0]}",
        "instance profile test-job",
        f"key {kept}",
        "workgroup test-asks",
        "budget test-month",
        "rule test-failed",
    ]
