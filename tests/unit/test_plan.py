"""What a plan of Terraform costs a month, from what stands in it."""

from typing import Any

import pytest

from headrace.cost.rates import prices
from rehearsal.plan import ROOT, roots, summary


def change(kind: str, actions: list[str], mode: str = "managed", **after: Any) -> dict[str, Any]:
    return {"type": kind, "mode": mode, "change": {"actions": actions, "after": after}}


def fleet(node: str, count: int, gb: int = 0) -> list[dict[str, Any]]:
    disks = [{"size": gb}] if gb else []
    return [
        {
            "target_on_demand_capacity": count,
            "instance_type_configs": [{"instance_type": node, "ebs_config": disks}],
        }
    ]


CLUSTER = {
    "master_instance_fleet": fleet("r7g.xlarge", 3),
    "core_instance_fleet": fleet("r7g.xlarge", 2, 128),
}


def test_what_is_made_is_counted_and_priced() -> None:
    changes = [
        change("aws_emr_cluster", ["create"], **CLUSTER),
        change("aws_ecs_task_definition", ["delete", "create"], cpu="1024", memory="5120"),
        change("aws_vpc_endpoint", ["create"], vpc_endpoint_type="Interface", subnet_ids=["a", "b", "c"]),
        change("aws_vpc_endpoint", ["create"], vpc_endpoint_type="Gateway"),
        change("aws_cloudwatch_metric_alarm", ["create"]),
        change("aws_cloudwatch_metric_alarm", ["create"]),
        change("aws_eip", ["create"]),
        change(
            "aws_ecs_service",
            ["create"],
            desired_count=1,
            network_configuration=[{"assign_public_ip": True}],
        ),
        change("aws_s3_bucket", ["create"]),
        change("aws_kms_key", ["no-op"]),
        change("aws_region", ["read"], mode="data"),
    ]
    kinds, dollars = summary({"resource_changes": changes})
    assert kinds.total() == 9
    assert kinds["aws_vpc_endpoint"] == 2
    node = 730 * (prices().of("ec2 r7g.xlarge") + prices().of("emr r7g.xlarge"))
    assert dollars["3 primary r7g.xlarge on demand"] == pytest.approx(3 * node)
    assert dollars["256 GB of core nodes"] == pytest.approx(256 * prices().of("ebs gp3"))
    assert dollars["endpoints, by zone"] == pytest.approx(3 * 730 * prices().of("endpoint"))
    assert dollars["alarms"] == pytest.approx(2 * prices().of("alarm"))
    assert dollars["public addresses (IPv4)"] == pytest.approx(2 * 730 * 0.005)
    assert len(dollars) == 7, "what is used up only when it is used is in headrace cost"


def test_a_machine_without_a_price_is_told_of() -> None:
    unheard = {**CLUSTER, "core_instance_fleet": fleet("x9z.xlarge", 1)}
    _, dollars = summary({"resource_changes": [change("aws_emr_cluster", ["create"], **unheard)]})
    (told,) = [part for part, price in dollars.items() if not price]
    assert "not counted" in told
    assert "x9z.xlarge" in told


def test_of_several_machines_that_may_come_one_with_a_price_counts() -> None:
    several = fleet("i4g.xlarge", 1)
    several[0]["instance_type_configs"] += fleet("r7g.xlarge", 1)[0]["instance_type_configs"]
    cluster = {**CLUSTER, "core_instance_fleet": several}
    _, dollars = summary({"resource_changes": [change("aws_emr_cluster", ["create"], **cluster)]})
    assert "1 core r7g.xlarge on demand" in dollars


def test_a_serving_database_is_priced_with_its_disk_its_password_and_its_second_machine() -> None:
    one = change(
        "aws_db_instance",
        ["create"],
        instance_class="db.t4g.micro",
        allocated_storage=20,
        multi_az=False,
        manage_master_user_password=True,
    )
    _, dollars = summary({"resource_changes": [one]})
    assert dollars == {
        "a serving database, db.t4g.micro": pytest.approx(730 * 0.017),
        "20 GB of the serving database": pytest.approx(2.54),
        "secret": 0.4,
    }
    both = change(
        "aws_db_instance", ["create"], instance_class="db.m7g.large", allocated_storage=100, multi_az=True
    )
    _, dollars = summary({"resource_changes": [both]})
    assert dollars == {
        "a serving database, db.m7g.large in two zones": pytest.approx(730 * 0.372),
        "100 GB of the serving database in two zones": pytest.approx(25.4),
    }


def test_an_environment_is_planned_in_the_order_in_which_it_is_applied() -> None:
    assert [each.name for each in roots("dev", ROOT / "infra")] in (["dev"], ["data", "compute"])
