"""What an account still holds of what costs money, lets somebody in or tells of an environment."""

from collections.abc import Callable
from typing import Any

import boto3

LIVING = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]


def _counts(_: Any) -> bool:
    return True


def _is_active(cluster: str) -> bool:
    """A cluster of containers that was deleted is still told of for a while."""
    (told,) = boto3.client("ecs").describe_clusters(clusters=[cluster])["clusters"]
    return bool(told["status"] == "ACTIVE")


def _is_kept(key: dict[str, Any]) -> bool:
    """Ours, and not about to be deleted: a key waits for that a week at least."""
    told = boto3.client("kms").describe_key(KeyId=key["KeyId"])["KeyMetadata"]
    return bool(told["KeyManager"] == "CUSTOMER" and told["KeyState"] != "PendingDeletion")


KINDS: dict[str, tuple[str, str, str, Callable[[dict[str, Any]], bool]]] = {
    # kind: client, operation, where its answer lists them, which of them count
    "cluster": ("emr", "list_clusters", "Clusters", lambda it: it["Status"]["State"] in LIVING),
    "application": (
        "emr-serverless",
        "list_applications",
        "applications",
        lambda it: it["state"] != "TERMINATED",
    ),
    "broker cluster": ("kafka", "list_clusters_v2", "ClusterInfoList", _counts),
    "serving database": ("rds", "describe_db_instances", "DBInstances", _counts),
    "database": ("glue", "get_databases", "DatabaseList", _counts),
    "log group": ("logs", "describe_log_groups", "logGroups", _counts),
    "role": ("iam", "list_roles", "Roles", lambda it: not it["Path"].startswith("/aws-service-role/")),
    "secret": ("secretsmanager", "list_secrets", "SecretList", lambda it: "DeletedDate" not in it),
    "security group": (
        "ec2",
        "describe_security_groups",
        "SecurityGroups",
        lambda it: it["GroupName"] != "default",
    ),
    "network": ("ec2", "describe_vpcs", "Vpcs", lambda it: not it["IsDefault"]),
    "gateway": ("ec2", "describe_nat_gateways", "NatGateways", lambda it: it["State"] != "deleted"),
    "address": ("ec2", "describe_addresses", "Addresses", _counts),
    "endpoint": ("ec2", "describe_vpc_endpoints", "VpcEndpoints", lambda it: it["State"] != "deleted"),
    "instance profile": ("iam", "list_instance_profiles", "InstanceProfiles", _counts),
    "key": ("kms", "list_keys", "Keys", _is_kept),
    "workgroup": ("athena", "list_work_groups", "WorkGroups", lambda it: it["Name"] != "primary"),
    "budget": ("budgets", "describe_budgets", "Budgets", _counts),
    "rule": ("events", "list_rules", "Rules", _counts),
    "worker cluster": ("ecs", "list_clusters", "clusterArns", _is_active),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", _counts),
    "topic": ("sns", "list_topics", "Topics", _counts),
    "parameter": ("ssm", "describe_parameters", "Parameters", _counts),
}


def left_in_account(but_for: str) -> list[str]:
    """But for one bucket."""
    buckets = [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
    found = [f"bucket {name}" for name in buckets if name != but_for]
    account = boto3.client("sts").get_caller_identity()["Account"]
    for kind, (client, operation, listed, counts) in KINDS.items():
        asked = {"AccountId": account} if client == "budgets" else {}
        for each in getattr(boto3.client(client), operation)(**asked)[listed]:
            if counts(each):
                found.append(f"{kind} {_name(each)}")
    return found


def _name(each: Any) -> str:
    if isinstance(each, str):
        return each
    own = {key.lower(): value for key, value in each.items() if key != "OwnerId"}
    named = (value for key, value in own.items() if key.endswith(("name", "arn", "id")))
    return str(next(named, each))
