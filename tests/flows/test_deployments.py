"""Each domain's deployments follow from what it has and from how often its contracts say that a table arrives."""

import importlib
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.settings import PREFECT_API_URL

from cli.deployments import cadence_of, deployments_of, prefect_files
from headrace.contracts.load import domains_found, load_contracts
from headrace.contracts.model import Contract

REPO = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((REPO / "prefect.yaml").read_text())["deployments"]
SHIPPED = [name for name in domains_found() if (REPO / "domains" / name).is_dir()]
TOYS = [name for name in domains_found() if name not in SHIPPED]


def flow_of(deployment: dict[str, Any]) -> str:
    return str(deployment["entrypoint"].partition(":")[2])


def refined(domain: str) -> dict[str, set[str]]:
    """The tables of each deployment that refines some."""
    return {
        each["name"]: set(each["parameters"]["tables"])
        for each in deployments_of(domain)
        if flow_of(each) == "refine" and "tables" in each["parameters"]
    }


@pytest.mark.parametrize(
    ("arrives", "cadence"),
    [
        ({"every": "15 minutes"}, "every-15-minutes"),
        ({"every": "30 minutes"}, "every-15-minutes"),
        ({"every": "1 hour", "landed": "1 day"}, "hourly"),
        ({"every": "5 hours"}, "hourly"),
        ({}, "daily"),
        ({"every": "10 seconds", "landed": "1 day"}, "daily"),
        ({"every": "10 seconds", "landed": "1 minute"}, "every-15-minutes"),
        ({"every": "1 week"}, "weekly"),
        ({"every": "30 days"}, "monthly"),
        ({"every": "365 days"}, "monthly"),
    ],
)
def test_a_table_is_refined_at_least_as_often_as_it_arrives(arrives: dict[str, str], cadence: str) -> None:
    contract = {"table": "levels", "type": "fact", "columns": {"level_id": "string"}, "arrives": arrives}
    assert cadence_of(Contract.model_validate(contract)) == cadence


@pytest.mark.parametrize("domain", domains_found())
def test_every_source_table_has_one_cadence(domain: str) -> None:
    scheduled = [table for tables in refined(domain).values() for table in tables]
    assert len(scheduled) == len(set(scheduled))
    assert set(load_contracts(domain)) <= set(scheduled)


def test_a_new_sector_has_its_deployments_without_a_line_written() -> None:
    deployments = [*deployments_of("valves")]
    assert [(flow_of(each), each["name"]) for each in deployments] == [
        ("refine", "valves-all"),
        ("refine", "valves-hourly"),
        ("maintain", "valves"),
        ("dedupe", "valves"),
    ]
    assert deployments[1]["parameters"]["tables"] == ["turns"]
    (schedule,) = deployments[1]["schedules"]
    assert {key: schedule[key] for key in ("cron", "timezone", "slug")} == {
        "cron": "5 * * * *", "timezone": "UTC", "slug": "hourly",
    }  # fmt: skip


def test_alarms_follow_their_source_and_a_topic_brings_the_care_of_live_tables() -> None:
    assert {"strokes", "alarms", "pumps"} <= refined("pumps")["pumps-daily"]
    assert "stations" in refined("pumps")["pumps-weekly"]
    found = {flow_of(each): each["parameters"] for each in deployments_of("pumps")}
    assert set(found["scan_live"]["tables"]) == {"strokes", "alarms"}
    assert "keep_streaming" in found
    assert "generate" not in found, "it has no plans to generate by"


@pytest.mark.parametrize("schedules", ["active", "paused"])
def test_prefect_deploys_what_is_generated_for_a_new_sector(tmp_path: Path, schedules: str) -> None:
    (tmp_path / "prefect.here.yaml").write_text(prefect_files(TOYS)["prefect.here.yaml"])
    with get_client(sync_client=True) as client:
        pool = client.create_work_pool(WorkPoolCreate(name="headrace", type="process"))
        deploy = ["deploy", "--all", "--prefect-file", tmp_path / "prefect.here.yaml"]
        done = subprocess.run(
            [Path(sys.executable).with_name("prefect"), "--no-prompt", *deploy],
            cwd=REPO,
            env={
                **os.environ, "PREFECT_API_URL": PREFECT_API_URL.value(), "PREFECT_HOME": str(tmp_path),
                "HEADRACE_SCHEDULES": schedules,
            },
            capture_output=True,
            text=True,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout + done.stderr
        there = client.read_deployments()
        for each in there:
            client.delete_deployment(each.id)
        client.delete_work_pool(pool.name)
    expected = [each["name"] for toy in TOYS for each in deployments_of(toy)]
    assert sorted(each.name for each in there) == sorted(["headrace", *expected])
    begins = {schedule.active for each in there for schedule in each.schedules}
    assert begins == {schedules == "active"}, "as the environment says"


def test_the_code_is_packed_and_pushed_once_for_all() -> None:
    assert [bool(each.get("build") and each.get("push")) for each in DEPLOYMENTS] == [
        True,
        *[False] * (len(DEPLOYMENTS) - 1),
    ]


@pytest.mark.parametrize(
    "deployment",
    [*DEPLOYMENTS, *(each for toy in TOYS for each in deployments_of(toy))],
    ids=lambda each: f"{each['entrypoint']}-{each['name']}",
)
def test_a_deployment_names_a_flow_and_its_parameters(deployment: dict) -> None:
    file, _, name = deployment["entrypoint"].partition(":")
    flow = getattr(importlib.import_module(file.removesuffix(".py").replace("/", ".")), name)
    assert set(deployment["parameters"]) <= set(inspect.signature(flow.fn).parameters)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: f"{each['entrypoint']}-{each['name']}")
def test_what_may_fail_is_tagged_for_the_automations_that_tell(deployment: dict) -> None:
    told = {trigger["match_related"]["prefect.resource.id"] for trigger in DEPLOYMENTS[0]["triggers"]}
    assert told == {"prefect.tag.headrace"}
    is_teller = deployment is DEPLOYMENTS[0]
    assert ("headrace" in deployment.get("tags", [])) != is_teller, (
        "whoever tells of failures must not tell of itself"
    )


@pytest.mark.parametrize(
    "name", ["generate", "refine", "maintain", "dedupe", "demo", "keep_streaming", "scan_live", "tell"]
)
def test_every_parameter_is_described(name: str) -> None:
    from prefect.utilities.callables import parameter_schema

    flow = getattr(importlib.import_module(f"flows.{name}"), name)
    bare = [
        key for key, field in parameter_schema(flow.fn).properties.items() if not field.get("description")
    ]
    assert bare == []


@pytest.mark.parametrize("domain", domains_found())
def test_runs_that_wait_for_their_turn_leave_room_for_all_others(domain: str) -> None:
    variables = (REPO / "infra/modules/platform/variables.tf").read_text()
    most = re.search(r'"runs_at_once_a_domain" {[^}]*?default\s+= (\d+)', variables)
    assert most
    of_domain = [*deployments_of(domain)]
    assert all(each["concurrency_limit"]["limit"] == 1 for each in of_domain)
    assert len(of_domain) <= int(most[1])


def test_people_are_told_of_the_same_once_an_hour() -> None:
    failed, late = DEPLOYMENTS[0]["triggers"]
    assert [(each["threshold"], each["within"]) for each in (failed, late)] == [(1, 3600)] * 2
    assert (failed["for_each"], late["for_each"]) == (["related:deployment:prefect.resource.id"], [])
