from collections.abc import Mapping
from datetime import datetime, timedelta

import pytest

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import HeadraceError, UnknownName, UsageError
from headrace.settings import Settings
from simulation.generate.chunks import ChunkRecord, senders_of
from simulation.generate.estimate import Estimate, check_room, estimate, estimate_of
from simulation.generate.plan import Plan, load_profile, load_profiles, world_of

START = datetime(2024, 1, 1)


def plan(**changes: object) -> Plan:
    return Plan(**{"scale": 0.01, "start": START, "end": START + timedelta(days=40), **changes})


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(UsageError, match="the span is empty"):
        plan(end=START)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"scale": 0}, "scale must be above 0"),
        ({"scale": float("nan")}, "scale must be above 0"),
        ({"scale": 1e9}, "at most 100"),
        ({"stride": timedelta(0)}, "at least a second"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(changes: dict[str, object], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        plan(**changes)


def test_a_table_that_does_not_exist_is_named() -> None:
    with pytest.raises(UnknownName, match="no source table named 'sensor_reading'"):
        estimate("refinery", plan(tables=("sensor_reading",)))


def test_an_unknown_profile_lists_those_there_are() -> None:
    with pytest.raises(UnknownName, match="bench, demo, fast, full, live"):
        load_profile("refinery", "huge")


def test_every_profile_but_the_short_ones_shows_two_weeks() -> None:
    spans = {name: found.end - found.start for name, found in load_profiles("refinery").items()}
    assert set(spans) == {"fast", "live", "demo", "bench", "full"}
    assert min(span for name, span in spans.items() if name not in ("fast", "live")) >= timedelta(days=14)


def test_a_hundredth_over_forty_days_is_nineteen_million_readings() -> None:
    rows = estimate("refinery", plan(stride=timedelta(minutes=15))).rows
    assert rows["sensor_readings"] == 5_000 * 96 * 40
    assert rows["crude_types"] > 200


def test_full_scale_has_the_stated_entities_and_rates_a_day() -> None:
    whole = plan(scale=1, end=START + timedelta(days=1), stride=timedelta(minutes=15))
    rows = estimate("refinery", whole).rows
    assert rows["crude_shipments"] == 500 * 11
    assert rows["quality_tests"] == 500 * 80
    assert rows["tank_inventory"] == 2_000 * 96
    assert rows["production_output"] == 5_000 * 24
    assert rows["sensor_readings"] == 500_000 * 96


def test_one_more_day_is_estimated_as_one_day() -> None:
    contracts = load_contracts("refinery")
    fine = {"stride": timedelta(minutes=15), "tables": ("sensor_readings", "sensors", "refineries")}
    before = {table: [made(table, contracts, plan(**fine))] for table in fine["tables"]}
    longer = plan(**fine, end=START + timedelta(days=41))
    said = estimate_of(contracts, longer, before)
    assert said.rows["sensor_readings"] == 5_000 * 96
    assert said.rows["sensors"] < 500
    assert said.bytes < estimate_of(contracts, longer).bytes / 30
    assert estimate_of(contracts, plan(**fine), before).total == 0


def made(table: str, contracts: Mapping[str, Contract], plan: Plan) -> ChunkRecord:
    senders = senders_of(contracts[table], world_of(plan, contracts), plan)
    span = plan.start.isoformat(), plan.end.isoformat()
    return ChunkRecord(table, *span, 0, senders, "landing", plan.seed, plan.scale, 900.0, 1, 1, 1.0)


def test_a_target_without_room_is_refused(settings: Settings) -> None:
    with pytest.raises(HeadraceError, match="Take a smaller scale"):
        check_room(plan(), Estimate({"readings": 10**15}, 10**17, 1.0), settings)


def test_changes_that_are_none_leave_the_plan_alone() -> None:
    assert plan().but(seed=3, stride=None) == plan(seed=3)
