"""What a run costs follows from prices, speeds and Terraform's own numbers."""

import math
import re
from pathlib import Path
from typing import Any

import pytest

from headrace.cost.bill import Work, dollars_an_hour, estimated, measured
from headrace.cost.environments import DEV, MAIN_TYPE, NODE_TYPE, PROD, Environment, environment
from headrace.cost.guard import place_of, refuse_beyond, stop_beyond
from headrace.cost.prices import prices
from headrace.cost.speeds import speeds
from headrace.errors import OverBudget, UnknownName, UsageError
from headrace.settings import Settings

INFRA = Path(__file__).parents[3] / "infra"


def told(file: Path, name: str) -> Any:
    """A default that Terraform has, in a variable or as an optional attribute."""
    text = file.read_text()
    found = re.search(rf'{name}\s+= optional\(\w+, "?([\w.]+)"?\)', text)
    found = found or re.search(rf'variable "{name}" {{[^}}]*?default\s+= ("?[\w.]+"?)', text)
    assert found, f"{file} says nothing of {name}"
    value = found[1].strip('"')
    return int(value) if value.isdigit() else value


@pytest.mark.parametrize("place", [DEV, PROD], ids=lambda place: place.name)
def test_the_environments_are_those_of_terraform(place: Environment) -> None:
    env = INFRA / "envs" / place.name / "variables.tf"
    assert (place.core_nodes, place.most_nodes) == (told(env, "core_nodes"), told(env, "most_nodes"))
    assert (place.broker_type, place.broker_gb) == (told(env, "broker_type"), told(env, "volume_gb"))
    assert place.retention_hours == told(env, "retention_hours")
    main = (INFRA / "envs" / place.name / "main.tf").read_text()
    assert re.search(rf"zones\s+= {place.zones}\n", main)
    assert place.brokers == place.zones, "one broker in each zone"
    compute, worker = INFRA / "modules/compute/variables.tf", INFRA / "modules/orchestration/variables.tf"
    assert told(compute, "main_type") == MAIN_TYPE
    assert f'["{NODE_TYPE}"' in compute.read_text()
    assert told(compute, "node_gb") == place.node_gb
    assert (told(worker, "cpu") / 1024, told(worker, "memory_mb") / 1024) == (
        place.worker_cores,
        place.worker_gb,
    )
    network = (INFRA / "modules/network/variables.tf").read_text()
    listed = re.search(r'variable "endpoints" {[^}]*?default\s+= \[([^\]]*)\]', network)
    assert listed
    assert place.endpoints == len(listed[1].split(","))


def test_an_idle_hour_costs_what_its_parts_do() -> None:
    bill = estimated(Work(0, 1), DEV)
    price = prices()
    main = price.of(f"ec2 {MAIN_TYPE}") + price.of(f"emr {MAIN_TYPE}")
    node = price.of(f"ec2 {NODE_TYPE}") + price.of(f"emr {NODE_TYPE}")
    disk = price.of("ebs gp3") * 128 / 730
    assert bill.nodes == 1
    assert bill.by_service["EMR"] == pytest.approx(main + node + disk)
    assert bill.by_service["MSK"] == pytest.approx(
        2 * price.of("msk kafka.t3.small") + 40 * price.of("msk storage") / 730
    )
    assert set(bill.by_service) == {"EMR", "MSK", "S3", "Athena", "Fargate", "network", "KMS"}
    assert bill.per_million == 0


def test_more_rows_in_the_same_hours_take_more_nodes_up_to_the_most() -> None:
    bills = [estimated(Work(rows, 24), PROD) for rows in (1e8, 1e10, 2e11)]
    assert bills[0].nodes < bills[1].nodes < PROD.most_nodes
    assert bills[0].dollars < bills[1].dollars < bills[2].dollars
    assert [bill.fits for bill in bills] == [True, True, False]
    assert bills[2].nodes == PROD.most_nodes


def test_twice_as_many_hours_of_the_same_need_half_the_time_of_nodes() -> None:
    short, long = estimated(Work(1e10, 24), PROD), estimated(Work(1e10, 48), PROD)
    assert short.nodes > long.nodes
    assert long.batch_hours <= 48


def test_what_is_live_takes_cores_and_is_kept_by_the_brokers() -> None:
    quiet, busy = estimated(Work(0, 24), PROD), estimated(Work(0, 24, readings_per_second=50_000), PROD)
    assert busy.rows == 50_000 * 24 * 3600
    assert busy.by_service["MSK"] > quiet.by_service["MSK"]
    assert busy.by_service["S3"] > quiet.by_service["S3"]
    assert math.ceil(speeds().cores_for(50_000) / 4) <= busy.nodes


def test_no_time_at_all_is_refused() -> None:
    with pytest.raises(UsageError, match="--hours above 0"):
        estimated(Work(1, 0), DEV)


def test_what_was_done_is_priced_by_what_it_took() -> None:
    bill = measured(rows=2e6, seconds=3600, lake_bytes=1e9, place=DEV, hours=1)
    idle = estimated(Work(0, 1), DEV)
    assert bill.by_service["EMR"] == pytest.approx(idle.by_service["EMR"])
    assert bill.per_million == pytest.approx(bill.dollars / 2)


def test_a_run_beyond_its_budget_is_refused_and_one_within_it_is_not() -> None:
    refuse_beyond(100, "generate pumps", 1e6, DEV)
    with pytest.raises(OverBudget, match=r"1,000,000,000 rows take about .* may cost 0.10"):
        refuse_beyond(0.1, "generate pumps", 1e9, DEV)


def test_a_run_that_took_more_than_it_may_is_stopped() -> None:
    hour = dollars_an_hour(DEV)
    stop_beyond(hour, "refine pumps", 3599, DEV)
    with pytest.raises(OverBudget, match="it goes on from there"):
        stop_beyond(hour, "refine pumps", 3700, DEV)


def test_the_environment_is_known_by_its_name() -> None:
    assert place_of(Settings(environment="headrace-prod", _env_file=None)) is PROD
    assert place_of(Settings(_env_file=None)) is DEV
    with pytest.raises(UnknownName, match="known: dev, prod"):
        environment("staging")


def test_every_price_names_its_page_and_every_figure_its_day() -> None:
    text = (INFRA.parent / "headrace/cost/prices.yml").read_text()
    assert all("page: https://aws.amazon.com/" in line for line in text.splitlines() if "dollars:" in line)
    assert prices().dated.year >= 2026
    assert speeds().measured.year >= 2026
