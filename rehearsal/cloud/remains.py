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
    "worker cluster": ("ecs", "list_clusters", "clusterArns", _is_active),
    "alarm": ("cloudwatch", "describe_alarms", "MetricAlarms", _counts),
    "topic": ("sns", "list_topics", "Topics", _counts),
}


def left_in_account(but_for: str) -> list[str]:
    """But for one bucket."""
    buckets = [each["Name"] for each in boto3.client("s3").list_buckets()["Buckets"]]
    found = [f"bucket {name}" for name in buckets if name != but_for]
    for kind, (client, operation, listed, counts) in KINDS.items():
        for each in getattr(boto3.client(client), operation)()[listed]:
            if counts(each):
                found.append(f"{kind} {_name(each)}")
    return found


def _name(each: Any) -> str:
    if isinstance(each, str):
        return each
    named = (value for key, value in each.items() if key.lower().endswith(("name", "arn", "id")))
    return str(next(named, each))
