"""What a run costs follows from prices, speeds and Terraform's own numbers."""

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from headrace.cost.bill import (
    Work,
    bill_of_plan,
    core_hours,
    dollars_an_hour,
    estimated,
    measured,
    place_of,
    refuse_beyond,
    stop_beyond,
)
from headrace.cost.rates import (
    CORES_A_NODE,
    DEV,
    MAIN_TYPE,
    NODE_TYPE,
    PROD,
    SERVERLESS_NODES,
    Environment,
    environment,
    prices,
    speeds,
)
from headrace.errors import HeadraceError, UnknownName, UsageError
from headrace.settings import Settings, versions

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
    data, nodes = (INFRA / "envs" / place.name / root / "variables.tf" for root in ("data", "compute"))
    assert (place.core_nodes, place.most_nodes) == (told(nodes, "core_nodes"), told(nodes, "most_nodes"))
    assert (place.broker_type, place.broker_gb) == (told(data, "broker_type"), told(data, "volume_gb"))
    assert place.retention_hours == told(data, "retention_hours")
    assert place.disks_grow == (told(data, "most_volume_gb") != "null")
    assert (place.serving_type, place.serving_gb) == (told(data, "serving_type"), told(data, "serving_gb"))
    assert place.serving_is_multi_az == (told(data, "serving_is_multi_az") == "true")
    assert place.has_serving == (told(data, "has_serving_database") == "true")
    main = data.with_name("main.tf").read_text()
    assert re.search(rf"zones\s+= {place.zones}\n", main)
    assert place.brokers == place.zones, "one broker in each zone"
    stream = (INFRA / "modules/stream/main.tf").read_text()
    assert "default.replication.factor=${local.zones}" in stream, "a copy on each broker"
    compute, worker = INFRA / "modules/compute/variables.tf", INFRA / "modules/orchestration/main.tf"
    families = re.search(
        rf'{versions()["architecture"]}\s+= \["(\w+)"', (compute.parent / "executors.tf").read_text()
    )
    assert families
    assert f"{families[1]}.xlarge" == MAIN_TYPE == NODE_TYPE
    assert told(compute, "node_gb") == place.node_gb
    assert told(compute, "most_cores") == SERVERLESS_NODES * CORES_A_NODE
    runs = told(INFRA / "modules/platform/variables.tf", "runs_at_once_a_domain") + 4
    takes = re.search(r"ceil\(([\d.]+) \* var.runs_at_once \+ ([\d.]+)\)", worker.read_text())
    assert takes
    assert place.worker_gb == math.ceil(float(takes[1]) * runs + float(takes[2]))
    assert f"cores = {place.worker_cores}, most_gb = 8," in worker.read_text()
    assert place.worker_gb <= 8
    network = (INFRA / "modules/cluster_network/variables.tf").read_text()
    listed = re.search(r'variable "endpoints" {[^}]*?default\s+= \[([^\]]*)\]', network)
    assert listed
    assert place.endpoints == len(listed[1].split(","))
    assert "emr-service-cell" in "".join(
        each.read_text() for each in (INFRA / "modules/cluster_network").glob("*.tf")
    )
    assert 'resource "aws_nat_gateway"' in (INFRA / "modules/cluster_network/way_out.tf").read_text()


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
    bills = [estimated(Work(rows, 24), PROD) for rows in (1e8, 4e10, 8e11)]
    assert bills[0].nodes < bills[1].nodes < PROD.most_nodes
    assert bills[0].dollars < bills[1].dollars < bills[2].dollars
    assert [bill.fits for bill in bills] == [True, True, False]
    assert bills[2].nodes == PROD.most_nodes


def test_twice_as_many_hours_of_the_same_need_half_the_time_of_nodes() -> None:
    short, long = estimated(Work(4e10, 24), PROD), estimated(Work(4e10, 48), PROD)
    assert short.nodes > long.nodes
    assert long.batch_hours <= 48


def test_what_is_live_takes_cores_and_is_kept_by_the_brokers() -> None:
    quiet, busy = estimated(Work(0, 24), PROD), estimated(Work(0, 24, readings_per_second=50_000), PROD)
    assert busy.rows == 50_000 * 24 * 3600
    assert busy.by_service["MSK"] > quiet.by_service["MSK"]
    assert busy.by_service["S3"] > quiet.by_service["S3"]
    assert math.ceil(speeds().cores_for(50_000) / 4) <= busy.nodes


@pytest.mark.parametrize(("place", "copies"), [(DEV, 2), (PROD, 3)], ids=["dev", "prod"])
def test_every_broker_keeps_a_copy_of_what_is_live(place: Environment, copies: int) -> None:
    disks = replace(place, broker_gb=0)
    bill = estimated(Work(0, place.retention_hours, readings_per_second=10_000), disks)
    kept = 10_000 * place.retention_hours * 3600 * speeds().bytes_a_row["message"] * copies / 1e9
    assert f"{kept:,.0f} GB on the brokers" in [line.what for line in bill.lines]


@pytest.mark.parametrize("hours", [0, -1, 1e-320, 1e300, math.inf, math.nan])
def test_hours_that_are_none_are_refused(hours: float) -> None:
    with pytest.raises(UsageError, match=r"--hours is from 0.01 to 87,600"):
        estimated(Work(1, hours), DEV)


@pytest.mark.parametrize("pace", [-1, 1e300, math.inf, math.nan])
def test_a_pace_that_is_none_is_refused(pace: float) -> None:
    with pytest.raises(UsageError, match="--readings-per-second is from 0 to 1,000,000,000"):
        estimated(Work(1, 24, pace), DEV)


@pytest.mark.parametrize("scale", [-1, 1e300, math.inf, math.nan])
def test_a_scale_that_is_none_is_refused(scale: float) -> None:
    with pytest.raises(UsageError, match="--scale is from 0 to 10,000"):
        bill_of_plan("refinery", DEV, scale=scale, hours=24, readings_per_second=0)


def test_work_that_does_not_fit_is_billed_for_the_hours_that_it_takes() -> None:
    bill = estimated(Work(2e11, 1), DEV)
    assert not bill.fits
    assert bill.asked_hours == 1
    assert bill.hours == bill.batch_hours == pytest.approx(core_hours(Work(2e11, 1)) / 12)
    assert bill.dollars == pytest.approx(estimated(Work(2e11, bill.hours * 1.001), DEV).dollars, rel=0.01)
    assert bill.per_million > 0.002


def test_what_is_live_goes_on_while_work_that_does_not_fit_is_done() -> None:
    bill = estimated(Work(2e11, 1, readings_per_second=10_000), DEV)
    assert bill.rows == pytest.approx(2e11 + 10_000 * bill.hours * 3600)


def test_what_no_number_of_hours_would_do_is_refused() -> None:
    with pytest.raises(UsageError, match="no number of hours would do"):
        estimated(Work(0, 24, readings_per_second=1e7), DEV)


def test_fewer_nodes_than_there_always_are_are_refused() -> None:
    assert PROD.with_most(2).most_nodes == 2
    for nodes in (1, 0, 10**400):
        with pytest.raises(UsageError, match="prod has 2 nodes at all times"):
            PROD.with_most(nodes)


def test_batch_work_beside_the_cluster_costs_while_it_lasts_and_leaves_the_nodes_alone() -> None:
    idle, busy = estimated(Work(0, 24), PROD.beside()), estimated(Work(1e9, 24), PROD.beside())
    assert idle.by_service["EMR"] == pytest.approx(estimated(Work(0, 24), PROD).by_service["EMR"])
    a_core = prices().of("emr serverless core") + 4 * prices().of("emr serverless memory")
    batch = core_hours(Work(1e9, 24))
    assert busy.batch_hours == pytest.approx(batch / 28), "of 8 workers with 4 cores one is the driver"
    assert busy.by_service["EMR"] - idle.by_service["EMR"] == pytest.approx(32 * busy.batch_hours * a_core)
    assert not estimated(Work(1e12, 1), PROD.beside()).fits
    assert estimated(Work(1e12, 1), PROD.beside().with_most(100)).hours == pytest.approx(
        core_hours(Work(1e12, 1)) / 396
    )
    with pytest.raises(UsageError, match="more core_nodes"):
        estimated(Work(0, 1, readings_per_second=1e7), PROD.beside())


def test_serverless_costs_nothing_of_a_cluster_while_nothing_runs() -> None:
    idle = estimated(Work(0, 24), DEV.serverless(["compute"]))
    assert idle.by_service["EMR"] == 0
    assert idle.by_service["MSK"] == estimated(Work(0, 24), DEV).by_service["MSK"]


def test_serverless_is_paid_by_the_core_and_its_memory_with_a_driver_beside() -> None:
    bill, price = estimated(Work(1e9, 24), DEV.serverless(["compute"])), prices()
    a_core = price.of("emr serverless core") + 4 * price.of("emr serverless memory")
    batch = core_hours(Work(1e9, 24))
    assert bill.batch_hours == pytest.approx(batch / 28)  # of 8 workers with 4 cores one is the driver
    assert bill.by_service["EMR"] == pytest.approx((batch + 4 * bill.batch_hours) * a_core)


def test_a_standing_job_holds_whole_workers_of_serverless_and_a_driver() -> None:
    bill, price = estimated(Work(0, 10, readings_per_second=1000), DEV.serverless(["compute"])), prices()
    a_core = price.of("emr serverless core") + 4 * price.of("emr serverless memory")
    assert bill.by_service["EMR"] == pytest.approx(8 * 10 * a_core)


def test_serverless_kafka_is_paid_by_what_passes() -> None:
    place, price = DEV.serverless(["stream"]).with_most(100), prices()
    idle, busy = estimated(Work(0, 1), place), estimated(Work(0, 1, readings_per_second=1e6), place)
    assert idle.by_service["MSK"] == pytest.approx(0.8625 + 12 * 0.001725)
    passed = 1e6 * 3600 * 180 / 1e9
    assert busy.by_service["MSK"] - idle.by_service["MSK"] == pytest.approx(
        passed * (0.115 + 0.0575 + price.of("msk serverless storage") / 730)
    )
    assert busy.by_service["EMR"] > 0


def test_a_serving_database_is_on_the_bill_where_it_is_asked_for_alone() -> None:
    without, dev, prod = (
        estimated(Work(0, 730), place) for place in (DEV, DEV.with_serving(), PROD.with_serving())
    )
    assert "RDS" not in without.by_service
    assert dev.by_service["RDS"] == pytest.approx(730 * 0.017 + 20 * 0.127 + 0.4)
    assert prod.by_service["RDS"] == pytest.approx(730 * 0.372 + 100 * 0.254 + 0.4)
    assert dev.dollars - dev.by_service["RDS"] == pytest.approx(without.dollars)


def test_what_was_done_is_priced_by_what_it_took() -> None:
    bill = measured(rows=2e6, seconds=3600, lake_bytes=1e9, place=DEV)
    idle = estimated(Work(0, 1), DEV)
    assert bill.by_service["EMR"] == pytest.approx(idle.by_service["EMR"])
    assert bill.per_million == pytest.approx(bill.dollars / 2)


def test_a_run_beyond_its_budget_is_refused_and_one_within_it_is_not() -> None:
    refuse_beyond(100, "generate pumps", 1e6, DEV)
    with pytest.raises(HeadraceError, match=r"1,000,000,000 rows take about .* may cost 0.10"):
        refuse_beyond(0.1, "generate pumps", 1e9, DEV)


def test_a_run_that_took_more_than_it_may_is_stopped() -> None:
    hour = dollars_an_hour(DEV)
    stop_beyond(hour, "refine pumps", 3599, DEV)
    with pytest.raises(HeadraceError, match="it goes on from there"):
        stop_beyond(hour, "refine pumps", 3700, DEV)


def test_the_environment_is_known_by_its_name() -> None:
    assert place_of(Settings(environment="headrace-prod", emr_id="j-1")) == PROD
    assert place_of(Settings(environment="headrace-prod")) == PROD.beside()
    assert place_of(Settings()) == DEV.beside()
    serverless = place_of(Settings(environment="headrace-prod", emr_kind="serverless"))
    assert serverless == PROD.serverless(["compute"])
    assert dollars_an_hour(serverless) > dollars_an_hour(PROD.serverless(["compute"]).with_most(1))
    with pytest.raises(UnknownName, match="known: dev, prod"):
        environment("staging")


def test_every_price_names_its_page_and_every_figure_its_day() -> None:
    text = (INFRA.parent / "headrace/cost/prices.yml").read_text()
    assert all("page: https://aws.amazon.com/" in line for line in text.splitlines() if "dollars:" in line)
    assert prices().dated.year >= 2026
    assert speeds().measured.year >= 2026
