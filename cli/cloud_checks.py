"""What the doctor asks an AWS account: what would stop `terraform apply`, a job or a reader, and what to do about it.

Nothing is changed. Quotas are held against what one environment asks for; what else runs in the account comes on top.
"""

import json
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import boto3
import yaml

from cli.deployments import prefect_files
from cli.health_checks import Finding
from cli.prefect_plan import need_of, plan_for, plans
from headrace.aws_errors import refused
from headrace.contracts.load import domains_found
from headrace.cost.rates import CORES_A_NODE, Environment
from headrace.errors import HeadraceError
from headrace.serve.publish import PUBLISHED_LAYERS, database_of
from headrace.settings import Settings

EVERYBODY = "IAM_ALLOWED_PRINCIPALS"
"""Lake Formation's word for: whoever IAM lets."""

# Made by the first call that needs them, where the caller may make roles; a deployer often may not.
LINKED_ROLES = {
    "AWSServiceRoleForEMRCleanup": "elasticmapreduce.amazonaws.com",
    "AWSServiceRoleForEC2Spot": "spot.amazonaws.com",
    "AWSServiceRoleForECS": "ecs.amazonaws.com",
    "AWSServiceRoleForKafka": "kafka.amazonaws.com",
    "AWSServiceRoleForAmazonEMRServerless": "ops.emr-serverless.amazonaws.com",
    "AWSServiceRoleForApplicationAutoScaling_KafkaCluster": "kafka.application-autoscaling.amazonaws.com",
}


@dataclass(frozen=True)
class Quota:
    """needed: what the environment asks for, in units of the quota."""

    service: str
    code: str
    name: str
    needed: float


def quotas_of(there: Environment) -> list[Quota]:
    """Those that the environment draws on; what it does without is left out."""
    found = []
    if there.has_cluster:
        standing, spot = there.core_nodes + there.main_nodes, there.most_nodes - there.core_nodes
        found += [Quota("ec2", "L-1216C47A", "EC2 on demand, standard types, vCPU", standing * CORES_A_NODE)]
        if not there.workers:
            found += [Quota("ec2", "L-34B43A08", "EC2 Spot, standard types, vCPU", spot * CORES_A_NODE)]
    if there.workers or not there.has_cluster:
        found += [Quota("emr-serverless", "L-D05C8A75", "EMR Serverless, vCPU at once", there.batch_cores)]
    if there.has_brokers:
        found += [Quota("kafka", "L-EDD31C36", "MSK, brokers of the account", there.brokers)]
    found += [Quota("vpc", "L-F678F1CE", "VPCs of the region", 1)]
    if there.has_cluster:  # of the NAT gateway
        found += [Quota("ec2", "L-0263D0A3", "EC2, Elastic IPs", 1)]
    return [*found, Quota("fargate", "L-3032A538", "Fargate on demand, vCPU", there.worker_cores)]


def linked_roles_of(there: Environment) -> dict[str, str]:
    """Those that the environment needs."""
    needless = set()
    if not (there.workers or not there.has_cluster):
        needless.add("AWSServiceRoleForAmazonEMRServerless")
    if not there.disks_grow:
        needless.add("AWSServiceRoleForApplicationAutoScaling_KafkaCluster")
    return {role: service for role, service in LINKED_ROLES.items() if role not in needless}


def examine_cloud(settings: Settings, there: Environment) -> list[Finding]:
    """Without a region or credentials, nothing else can be asked."""
    region, first = boto3.Session().region_name, [_prefect_plan()]
    if region is None:
        remedy = "export AWS_DEFAULT_REGION=… (terraform output region), and AWS_REGION for those who are not boto3"
        return [*first, Finding("AWS region", "problem", "none is named", remedy)]
    try:
        with refused("this account"):
            account = boto3.client("sts").get_caller_identity()
    except HeadraceError as error:
        remedy = "aws sso login, or set AWS_PROFILE"
        return [*first, Finding("AWS credentials", "problem", str(error), remedy)]
    checks: list[tuple[str, Callable[[], Iterator[Finding]]]] = [
        *((quota.name, partial(_quota, quota, there)) for quota in quotas_of(there)),
        *((role, partial(_linked_role, role, service)) for role, service in linked_roles_of(there).items()),
        ("Lake Formation's defaults", _lake_defaults),
        *((name, partial(_database, name)) for name in _databases(settings)),
    ]
    found = [*first, Finding("AWS account", "ok", f"{account['Account']} in {region}, as {account['Arn']}")]
    for what, check in checks:
        try:
            with refused(what):
                found += check()
        except HeadraceError as error:
            found.append(Finding(what, "warning", f"not known: {error}", "ask somebody who may look"))
    return found


def _prefect_plan() -> Finding:
    """Of Prefect Cloud; a server of one's own has no limits."""
    listed, _, read = plans()
    deployed = yaml.safe_load(prefect_files(domains_found())["prefect.yaml"])["deployments"]
    need = need_of(deployed)
    plan = plan_for(need) or listed[-1]
    found = (
        f"{plan.name} or larger: {need.deployments} deployments, {need.automations} automations, "
        f"{need.runs_a_day:,.0f} runs a day, {need.requests:,.0f} requests in the busiest minute (limits as of {read})"
    )
    remedy = f"runs stay on its page for {plan.days} days; the ledger and the receipt keep the rest"
    if not plan.allows(need):
        return Finding("Prefect's plan", "warning", found, "ask Prefect for limits of your own")
    return Finding("Prefect's plan", "ok", found, remedy)


def _quota(quota: Quota, there: Environment) -> Iterator[Finding]:
    allowed = _allowed(quota)
    found = f"{allowed:g}; {there.name} asks for {quota.needed:g}"
    if quota.needed <= allowed:
        yield Finding(quota.name, "ok", found)
        return
    yield Finding(
        quota.name,
        "problem",
        f"{found} ({quota.code})",
        f"aws service-quotas request-service-quota-increase --service-code {quota.service} "
        f"--quota-code {quota.code} --desired-value {quota.needed:g}",
    )


def _allowed(quota: Quota) -> float:
    """The quota of this account, and where it has none of its own, AWS's default."""
    client, which = boto3.client("service-quotas"), {"ServiceCode": quota.service, "QuotaCode": quota.code}
    try:
        return float(client.get_service_quota(**which)["Quota"]["Value"])
    except client.exceptions.NoSuchResourceException:
        return float(client.get_aws_default_service_quota(**which)["Quota"]["Value"])


def _linked_role(role: str, service: str) -> Iterator[Finding]:
    iam = boto3.client("iam")
    try:
        iam.get_role(RoleName=role)
    except iam.exceptions.NoSuchEntityException:
        remedy = f"aws iam create-service-linked-role --aws-service-name {service}"
        yield Finding(
            role, "warning", "missing: the first who needs it must have the right to make it", remedy
        )
    else:
        yield Finding(role, "ok", "there")


def _lake_defaults() -> Iterator[Finding]:
    settings: Any = boto3.client("lakeformation").get_data_lake_settings()["DataLakeSettings"]
    kinds = {"databases": "CreateDatabaseDefaultPermissions", "tables": "CreateTableDefaultPermissions"}
    closed = [kind for kind, key in kinds.items() if not _lets_everybody(settings.get(key, []))]
    if not closed:
        yield Finding("Lake Formation's defaults", "ok", "new databases and tables are IAM's business")
        return
    yield Finding(
        "Lake Formation's defaults",
        "warning",
        f"new {' and '.join(closed)} are closed even to those with rights in IAM: Athena finds none, publishing fails",
        "after terraform apply, run this again: it names each database with its grants (docs/cloud.md)",
    )


def _databases(settings: Settings) -> list[str]:
    return [
        f"{settings.database_prefix}{database_of(domain, layer)}"
        for domain in domains_found()
        for layer in PUBLISHED_LAYERS
    ]


def _database(name: str) -> Iterator[Finding]:
    """Whether those whom IAM lets in may use it and its tables. One that is not there yet is nobody's business."""
    glue = boto3.client("glue")
    try:
        database = glue.get_database(Name=name)["Database"]
    except glue.exceptions.EntityNotFoundException:
        return
    itself, tables = {"Database": {"Name": name}}, {"Table": {"DatabaseName": name, "TableWildcard": {}}}
    are_tables_open = _lets_everybody(database.get("CreateTableDefaultPermissions", []))
    closed = [] if _is_open(itself) else [itself]
    closed += [] if are_tables_open or _is_open(tables) else [tables]
    if not closed:
        yield Finding(f"database {name}", "ok", "open to whom IAM lets in")
        return
    grants = [
        f"aws lakeformation grant-permissions --principal DataLakePrincipalIdentifier={EVERYBODY} "
        f"--permissions ALL --resource '{json.dumps(resource)}'"
        for resource in closed
    ]
    what = " and ".join("its tables" if "Table" in resource else "it" for resource in closed)
    found = f"Lake Formation closes {what} to whom IAM lets in: publishing is refused, Athena finds no tables"
    yield Finding(f"database {name}", "problem", found, " && ".join(grants))


def _is_open(resource: dict[str, Any]) -> bool:
    """By what was granted; Lake Formation's client has no pages of its own."""
    lake, more = boto3.client("lakeformation"), dict[str, str]()
    while True:
        answer = lake.list_permissions(Resource=resource, **more)
        if _lets_everybody(answer.get("PrincipalResourcePermissions", [])):
            return True
        if not answer.get("NextToken"):
            return False
        more = {"NextToken": answer["NextToken"]}


def _lets_everybody(granted: Collection[Any]) -> bool:
    return any(
        each["Principal"]["DataLakePrincipalIdentifier"] == EVERYBODY and "ALL" in each["Permissions"]
        for each in granted
    )
