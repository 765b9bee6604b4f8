"""What Terraform would make of an environment, and what that costs a month before anybody uses it: from its plan.

`python -m rehearsal.plan dev` plans in the account at hand; with `--here`, without one, against moto."""

import argparse
import json
import os
import shutil
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from headrace.cost.rates import prices
from headrace.errors import HeadraceError, UnknownName
from rehearsal.terraform import Terraform

ROOT = Path(__file__).parents[1]
HOURS = prices().hours_a_month
ADDRESSES = "public addresses (IPv4)"
BY_USE = "S3, Athena, traffic, logs, Spot nodes, EMR Serverless and what else is paid by use come on top: headrace cost"
NO_BACKEND = 'terraform {\n  backend "local" {}\n}\n'
GIVEN = {  # what an environment asks for and a plan on this machine does not need
    "prefect_api_url": "http://127.0.0.1:4200/api",
    "has_prefect_api_key": "false",
    "emails": '["operations@example.com"]',
}
Made = Mapping[str, Any]
Priced = Iterator[tuple[str, float]]


def priced(kind: str, made: Made) -> Priced:
    """The parts of one resource that cost whether they are used or not, in dollars a month. One whose price the list
    does not have is told of at nothing."""
    try:
        yield from PARTS[kind](made) if kind in PARTS else ()
    except UnknownName as unknown:
        yield f"(not counted) {kind}: {str(unknown).partition(';')[0]}", 0.0


def _cluster(made: Made) -> Priced:
    for role, name in (("master", "primary"), ("core", "core")):
        (fleet,) = made[f"{role}_instance_fleet"]
        types, count = fleet["instance_type_configs"], fleet["target_on_demand_capacity"]
        named = [each["instance_type"] for each in types]  # a set: which of them comes, EC2 decides
        node = next((each for each in named if f"ec2 {each}" in prices().dollars), named[0])
        yield f"{count} {name} {node} on demand", count * HOURS * (_of(f"ec2 {node}") + _of(f"emr {node}"))
        disks = count * sum(disk["size"] for disk in types[0].get("ebs_config") or ())
        if disks:
            yield f"{disks} GB of {name} nodes", disks * _of("ebs gp3")


def _brokers(made: Made) -> Priced:
    (group,), count = made["broker_node_group_info"], made["number_of_broker_nodes"]
    yield f"{count} {group['instance_type']}", count * HOURS * _of(f"msk {group['instance_type']}")
    gb = count * group["storage_info"][0]["ebs_storage_info"][0]["volume_size"]
    yield f"{gb} GB on brokers", gb * _of("msk storage")


def _task(made: Made) -> Priced:
    cores, gb = int(made["cpu"]) / 1024, int(made["memory"]) / 1024
    dollars = HOURS * (cores * _of("fargate core") + gb * _of("fargate memory"))
    yield f"a worker of {cores:g} core and {gb:g} GB", dollars


def _service(made: Made) -> Priced:
    """Its tasks have an address each where they have a public one."""
    if any(each.get("assign_public_ip") for each in made.get("network_configuration") or ()):
        yield ADDRESSES, (made.get("desired_count") or 0) * HOURS * _of("public address")


def _endpoint(made: Made) -> Priced:
    """In each of its subnets; where those are not known yet, in two."""
    if made["vpc_endpoint_type"] == "Interface":
        zones = len(made.get("subnet_ids") or ()) or 2
        yield "endpoints, by zone", zones * HOURS * _of("endpoint")


def _serving(made: Made) -> Priced:
    """With the password that RDS keeps, which is no resource of its own."""
    zones = " multi-az" if made.get("multi_az") else ""
    both = " in two zones" if zones else ""
    kind, gb = made["instance_class"], made["allocated_storage"]
    yield f"a serving database, {kind}{both}", HOURS * _of(f"rds {kind}{zones}")
    yield f"{gb} GB of the serving database{both}", gb * _of(f"rds storage{zones}")
    if made.get("manage_master_user_password"):
        yield "secret", _of("secret")


def _each(what: str, dollars: float) -> Callable[[Made], Priced]:
    return lambda _: iter([(what, dollars)])


def _of(what: str) -> float:
    return prices().of(what)


PARTS: dict[str, Callable[[Made], Priced]] = {
    "aws_emr_cluster": _cluster,
    "aws_msk_cluster": _brokers,
    "aws_msk_serverless_cluster": _each("MSK Serverless, without partitions", HOURS * _of("msk serverless")),
    "aws_db_instance": _serving,
    "aws_ecs_task_definition": _task,
    "aws_ecs_service": _service,
    "aws_eip": _each(ADDRESSES, HOURS * _of("public address")),
    "aws_vpc_endpoint": _endpoint,
    "aws_nat_gateway": _each("NAT gateway", HOURS * _of("nat")),
    "aws_kms_key": _each("key", _of("kms key")),
    "aws_secretsmanager_secret": _each("secret", _of("secret")),
    "aws_cloudwatch_metric_alarm": _each("alarms", _of("alarm")),
}


def summary(plan: Mapping[str, Any]) -> tuple[Counter[str], dict[str, float]]:
    """How many resources of each kind the plan makes, and what they cost a month, part by part."""
    made = [each for each in plan.get("resource_changes", ()) if "create" in each["change"]["actions"]]
    made = [each for each in made if each["mode"] == "managed"]
    dollars: dict[str, float] = {}
    for each in made:
        for part, price in priced(each["type"], each["change"]["after"]):
            dollars[part] = dollars.get(part, 0.0) + price
    return Counter(each["type"] for each in made), dollars


def roots(environment: str, infra: Path) -> list[Path]:
    """The folders of an environment, in the order in which they are applied."""
    folder = infra / "envs" / environment
    if not folder.is_dir():
        raise HeadraceError(f"there is no environment {environment} under {infra / 'envs'}")
    return [folder / "data", folder / "compute"]


def planned(folder: Path, data: Path, *init: str) -> dict[str, Any]:
    terraform, file = Terraform(folder, data), data / "plan"
    data.mkdir(parents=True, exist_ok=True)
    terraform.init(*init)
    terraform.run("plan", "-input=false", f"-out={file}")
    plan: dict[str, Any] = json.loads(terraform.run("show", "-json", str(file)))
    return plan


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("environment")
    words.add_argument("--here", action="store_true", help="without an account, against moto")
    asked = words.parse_args()
    with ExitStack() as stack:
        infra = _here(stack) if asked.here else ROOT / "infra"
        for folder in roots(asked.environment, infra):
            where = infra.parent / ".terraform" / folder.name if asked.here else folder / ".terraform"
            told(folder, summary(planned(folder, where)))
            if asked.here and folder.name == "data":  # what the other is planned with
                Terraform(folder, where).run("apply", "-input=false", str(where / "plan"))
    print(BY_USE)


def _here(stack: ExitStack) -> Path:
    """A copy whose state lies beside it, with moto for an account."""
    from rehearsal.aws.server_process import aws

    there = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="headrace-plan-")))
    shutil.copytree(
        ROOT / "infra", there / "infra", ignore=shutil.ignore_patterns(".terraform*", "*.tfstate*")
    )
    for read in ("domains", "headrace", "requirements.lock"):
        (there / read).symlink_to(ROOT / read)
    for file in (there / "infra/envs").glob("**/versions.tf"):
        file.with_name("backend_override.tf").write_text(NO_BACKEND)
    running = stack.enter_context(aws(there / "aws.log"))
    os.environ.update(running.environment)
    for name, value in GIVEN.items():
        os.environ.setdefault(f"TF_VAR_{name}", value)
    return there / "infra"


def told(folder: Path, found: tuple[Counter[str], dict[str, float]]) -> None:
    kinds, dollars = found
    print(f"\n{folder.parent.name}/{folder.name}: {kinds.total()} resources")
    for kind, count in sorted(kinds.items(), key=lambda each: (-each[1], each[0])):
        print(f"  {count:4} {kind}")
    print("  a month, whether it is used or not:")
    for part, price in sorted(dollars.items(), key=lambda each: -each[1]):
        print(f"  {price:9,.2f} {part}")
    print(f"  {sum(dollars.values()):9,.2f} US$ in all, prices of {prices().dated} in {prices().region}")


if __name__ == "__main__":
    main()
