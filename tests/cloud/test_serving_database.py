"""A serving database by real Terraform against moto: what is made, who reaches it, and that off means not there."""

import json
from pathlib import Path

import boto3
import pytest

from rehearsal.aws.server_process import REGION
from rehearsal.terraform import Terraform

pytestmark = pytest.mark.usefixtures("cloud")

GIVEN = {
    "prefect_api_url": "https://api.prefect.cloud/api/accounts/a/workspaces/b",
    "prefect_api_key": "pnu_test",
    "emails": '["operations@example.com"]',
    "has_serving_database": "true",
}
WHAT_COUNTS = {
    "data": ("module.headrace.module.serving", "module.headrace.aws_ssm_parameter.handover"),
    "compute": ("module.headrace.module.access", "module.headrace.module.cluster_network"),
}
"""Targets, without the rules of buckets, for which the provider waits a minute."""
WORDS = ("-auto-approve", "-input=false", "-parallelism=30")


def test_it_is_made_and_found_by_the_worker_and_goes_where_it_is_switched_off(
    infra: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in GIVEN.items():
        monkeypatch.setenv(f"TF_VAR_{name}", value)
    boto3.client("s3").create_bucket(
        Bucket="test-state", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    client = boto3.client("ec2").create_security_group(GroupName="dashboards", Description="a test")[
        "GroupId"
    ]
    monkeypatch.setenv("TF_VAR_serving_clients", json.dumps([client]))
    data, compute = (Terraform(infra / "envs/dev" / root, tmp_path / root) for root in ("data", "compute"))

    def applied() -> None:
        for root in (data, compute):
            root.run("apply", *WORDS, *targets(root))

    for root in (data, compute):
        root.init("-backend-config=bucket=test-state", f"-backend-config=region={REGION}")
    applied()
    for root in (data, compute):
        root.run(
            "plan", "-detailed-exitcode", "-input=false", *targets(root)
        )  # which fails where it would change

    (made,) = boto3.client("rds").describe_db_instances()["DBInstances"]
    assert made["DBInstanceClass"] == "db.t4g.micro"
    assert made["StorageEncrypted"]
    assert not made["MultiAZ"]
    assert not made["PubliclyAccessible"]
    handover = told()
    assert made["MasterUserSecret"]["SecretArn"] == handover["serving"]["secret_arn"]
    assert let_in(handover["serving"]["group"]) == {
        "dashboards",
        "headrace-dev-cluster-main",
        "headrace-dev-cluster-core",
        "headrace-dev-worker",
    }
    role = f"headrace-dev-{REGION}-worker"
    assert {"ServingPassword", "ServingConnect", "WhatIsServed"} <= rights_of(role)

    monkeypatch.setenv("TF_VAR_has_serving_database", "false")
    applied()
    assert boto3.client("rds").describe_db_instances()["DBInstances"] == []
    assert "serving" not in told()
    assert not {"ServingPassword", "ServingConnect", "WhatIsServed"} & rights_of(role)


def targets(root: Terraform) -> list[str]:
    return [f"-target={each}" for each in WHAT_COUNTS[root.folder.name]]


def told() -> dict[str, dict[str, str]]:
    value = boto3.client("ssm").get_parameter(Name="/headrace-dev/data")["Parameter"]["Value"]
    found: dict[str, dict[str, str]] = json.loads(value)
    return found


def let_in(group: str) -> set[str]:
    ec2 = boto3.client("ec2")
    (found,) = ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    rules = found["IpPermissions"]
    assert {(rule["FromPort"], rule["ToPort"]) for rule in rules} == {(5432, 5432)}
    assert not any(rule["IpRanges"] for rule in rules)
    ids = [pair["GroupId"] for rule in rules for pair in rule["UserIdGroupPairs"]]
    return {each["GroupName"] for each in ec2.describe_security_groups(GroupIds=ids)["SecurityGroups"]}


def rights_of(role: str) -> set[str]:
    iam = boto3.client("iam")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    return {statement["Sid"] for statement in document["Statement"]}
