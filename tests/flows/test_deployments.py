"""prefect.yaml holds what the contracts say about how often a table arrives."""

import importlib
import inspect
import re
from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from headrace.contracts.load import domains_found, load_contracts
from headrace.contracts.model import Contract

REPO = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((REPO / "prefect.yaml").read_text())["deployments"]
SHIPPED = [name for name in domains_found() if (REPO / "domains" / name).is_dir()]
CADENCES = {
    "every-15-minutes": timedelta(minutes=15),
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(weeks=1),
    "monthly": timedelta(days=30),
}


def cadence(contract: Contract) -> timedelta:
    """What comes all the time is landed, and so refined, at its own pace."""
    every = contract.arrives.every
    return every if every >= timedelta(minutes=15) else contract.arrives.landed


@pytest.mark.parametrize("domain", SHIPPED)
def test_every_source_table_is_refined_as_often_as_it_arrives(domain: str) -> None:
    scheduled = {
        table: CADENCES[deployment["name"].removeprefix(f"{domain}-")]
        for deployment in DEPLOYMENTS
        if deployment["parameters"].get("domain") == domain and "refine.py" in deployment["entrypoint"]
        for table in deployment["parameters"].get("tables", [])
    }
    sources = load_contracts(domain)
    made_here = {"alarms"}  # they follow the day's readings
    assert {name: often for name, often in scheduled.items() if name not in made_here} == {
        name: cadence(contract) for name, contract in sources.items()
    }


def test_the_code_is_packed_and_pushed_once_for_all() -> None:
    assert [bool(each.get("build") and each.get("push")) for each in DEPLOYMENTS] == [
        True,
        *[False] * (len(DEPLOYMENTS) - 1),
    ]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda each: f"{each['entrypoint']}-{each['name']}")
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


@pytest.mark.parametrize("domain", SHIPPED)
def test_runs_that_wait_for_their_turn_leave_room_for_all_others(domain: str) -> None:
    variables = (REPO / "infra/modules/platform/variables.tf").read_text()
    most = re.search(r'"runs_at_once_a_domain" {[^}]*?default\s+= (\d+)', variables)
    assert most
    of_domain = [each for each in DEPLOYMENTS if each["parameters"].get("domain") == domain]
    assert all(each["concurrency_limit"]["limit"] == 1 for each in of_domain)
    assert len(of_domain) <= int(most[1])


def test_people_are_told_of_the_same_once_an_hour() -> None:
    failed, late = DEPLOYMENTS[0]["triggers"]
    assert [(each["threshold"], each["within"]) for each in (failed, late)] == [(1, 3600)] * 2
    assert (failed["for_each"], late["for_each"]) == (["related:deployment:prefect.resource.id"], [])
