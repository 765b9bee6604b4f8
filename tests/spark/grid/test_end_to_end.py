"""Eight days of a small grid from landing to gold, the same again; every gold table said once more from bronze."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyspark.sql import SparkSession

from domains.grid.world.network import meter_ids
from headrace.contracts.load import load_contracts
from headrace.lake.paths import Paths
from headrace.operate.receipt import receipt
from headrace.refine.run import TableResult, refine
from headrace.serve.named_queries import list_queries
from headrace.serve.query import run_query
from headrace.settings import Settings
from rehearsal.postgres import Postgres
from simulation.generate.plan import Plan
from simulation.generate.run import make
from simulation.generate.sources import load_sources
from tests.spark.answers import answers_of_athena, asked_as_of, asked_of, compare
from tests.spark.grid.recomputed import SQL
from tests.spark.refined import Refined, refined
from tests.spark.served import check_served

DOMAIN = "grid"
START = datetime(2025, 6, 10)
DAYS = 8
asked = partial(asked_of, DOMAIN)
QUERIES = sorted(name for name in list_queries() if name.startswith(f"{DOMAIN}/"))


@dataclass(frozen=True)
class Week:
    first: Refined
    again: list[TableResult]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(home=tmp_path_factory.mktemp("grid"), cores=2, shuffle_partitions=2, workers=3)


@pytest.fixture(scope="module")
def week(spark: SparkSession, lake: Settings) -> Week:
    plan = Plan(scale=0.05, seed=7, start=START, end=START + timedelta(days=DAYS))
    make(DOMAIN, load_contracts(DOMAIN), load_sources(DOMAIN), plan, lake)
    lands_interval_reads(lake)
    return Week(refined(DOMAIN, lake), list(refine(DOMAIN, settings=lake).tables))


def lands_interval_reads(lake: Settings) -> None:
    """Two days of two meters from a market's file, and an hourly feed of a third."""
    folder = Path(Paths.of(DOMAIN, lake).landing("interval_reads"))
    folder.mkdir(parents=True)
    meters = meter_ids(np.arange(3)).to_pylist()
    quarters = ",".join(QUARTERS)
    lines = ["100,NEM12,202506201200,HERE,THERE"]
    for meter in meters[:2]:
        lines += [f"200,{meter},E1,,E1,,,KWH,15,", f"300,20250613,{quarters},A,,,20250615120000,"]
        lines += [f"300,20250614,{quarters},V,,,20250615120000,", "400,1,50,A,,", "400,51,96,S14,76,"]
        lines += ["300,20250615,1,2,3,A"]
    (folder / "NEM12#1#HERE#THERE.csv").write_text("\n".join([*lines, "900"]))
    readings = "".join(
        f"<IntervalReading><timePeriod><duration>3600</duration><start>{1749800000 // 3600 * 3600 + 3600 * hour}"
        "</start></timePeriod><value>700</value></IntervalReading>"
        for hour in range(24)
    )
    (folder / "feed.xml").write_text(FEED.format(meter=meters[2], readings=readings))


QUARTERS = [f"{0.05 + 0.002 * (place % 11):.3f}" for place in range(96)]
FEED = """<feed><entry><link rel="self" href="UsagePoint/{meter}/MeterReading/1"/><link rel="related" href="Type/1"/>
<content><MeterReading/></content></entry><entry><link rel="self" href="Type/1"/>
<content><ReadingType><uom>72</uom></ReadingType></content></entry>
<entry><link rel="self" href="UsagePoint/{meter}/MeterReading/1/IntervalBlock/1"/>
<content><IntervalBlock>{readings}</IntervalBlock></content></entry></feed>"""


def test_files_of_the_industry_fill_in_and_correct_what_the_head_end_sent(week: Week, lake: Settings) -> None:
    first_day = asked(
        """select meter_id, count(*) as half_hours, sum(measured_kwh) as kwh from gold.validated_reads
        where state = 'MEASURED' and interval_end > '2025-06-12 14:00:00+00'
            and interval_end <= '2025-06-13 14:00:00+00'
            and meter_id in (select meter_id from silver.interval_reads where minutes = 15)
        group by meter_id""",
        lake,
    )
    day = pytest.approx(sum(map(float, QUARTERS)))
    assert [(row["half_hours"], row["kwh"]) for row in first_day] == [(48, day)] * 2
    found = asked(
        """select distinct unnest(_reasons) as reason, _offset as line from silver.interval_reads__rejected
        order by line""",
        lake,
    )
    assert [(row["line"], row["reason"][:9]) for row in found] == [(7, "4 values,"), (13, "4 values,")]


REGISTERS = """
    with read_once as (
        select distinct on (read_id) *, register_value * multiplier * if(unit = 'Wh', 0.001, 1) as kwh,
            (timezone('Asia/Kolkata', read_at) - interval 1 millisecond)::date as day
        from bronze.register_reads where _raw is null and read_id in (select read_id from silver.register_reads)),
    totals as (
        select meter_id, day, kwh - lag(kwh) over by_time as total, day - lag(day) over by_time as days
        from read_once window by_time as (partition by meter_id order by read_at)),
    days as (
        select meter_id, reading_date as day, sum(kwh) as kwh, count(*) = 48 as is_long,
            bool_and(state = 'MEASURED' or reason like 'file: %') as is_known,
            bool_and(state = 'MEASURED' or method in ('gap_with_scalar', 'profile_scaled_to_register', 'proration'))
                as is_by_total,
            bool_or(method = 'profile_scaled_to_register') as is_scaled,
            bool_or(list_contains(failed_rules, 'sum_check')) as fails
        from gold.validated_reads group by all)
    select * from days join totals using (meter_id, day) where days = 1 and is_long
"""


def test_days_fail_that_are_not_what_their_register_counted(week: Week, lake: Settings) -> None:
    found = asked(
        f"""select count(*) as days, count(*) filter (is_known) as known, count(*) filter (
            fails != (is_known and abs(total - kwh) > greatest(0.02 * abs(total), 0.1))) as otherwise
        from ({REGISTERS})""",
        lake,
    )
    assert found[0]["known"] > 100
    assert found[0]["otherwise"] == 0


def test_estimates_add_up_to_what_the_register_counted(week: Week, lake: Settings) -> None:
    found = asked(
        f"""select count(*) as days, max(abs(total - kwh)) as apart from ({REGISTERS})
        where is_scaled and is_by_total""",
        lake,
    )
    assert found[0]["days"] > 3
    assert found[0]["apart"] < 1e-6


def test_the_receipt_balances_and_every_table_is_there(week: Week, lake: Settings) -> None:
    receipt(DOMAIN, lake).check()
    assert [table.table for table in week.first.tables if table.version < 0] == []


def test_no_check_fails(week: Week) -> None:
    assert len(week.first.checks) > 100
    failed = [f"{c.table}: {c.name}: {c.detail}" for c in week.first.checks if c.outcome == "fail"]
    assert failed == []


def test_a_database_holds_what_the_lake_holds(week: Week, lake: Settings, postgres: Postgres) -> None:
    check_served(DOMAIN, lake, postgres)


def test_a_second_refine_writes_nothing(week: Week) -> None:
    assert {table.rows_in for table in week.again} == {0}


@pytest.mark.parametrize("name", sorted(SQL))
def test_another_engine_counts_a_gold_table_the_same(name: str, week: Week, lake: Settings) -> None:
    rows = asked(f"select * from gold.{name}", lake)
    compare(DOMAIN, name, rows, asked_as_of(DOMAIN, SQL[name], lake, week.first.as_of))


def test_athenas_wording_of_a_query_has_the_same_answer(week: Week, lake: Settings) -> None:
    athena = answers_of_athena(DOMAIN, lake)
    assert sorted(athena) == QUERIES
    for name in QUERIES:
        found = run_query(name, settings=lake).as_dicts()
        for theirs, ours in zip(sorted(athena[name], key=_texts), sorted(found, key=_texts), strict=True):
            assert theirs == {key: _rounded(value) for key, value in ours.items()}, name


def _texts(row: dict[str, Any]) -> str:
    return str({key: value for key, value in row.items() if not isinstance(value, float)})


def _rounded(value: Any) -> Any:
    """Sums of floats differ in their last digits by the order of adding, and so in what they are rounded to."""
    return pytest.approx(value, rel=1e-3, abs=2e-4) if isinstance(value, float) else value


def test_what_is_delivered_is_explained(week: Week, lake: Settings) -> None:
    """But for what is stolen, which is a small part."""
    found = asked("select sum(unexplained_mwh) / sum(delivered_mwh) as part from gold.zone_balance", lake)
    assert -0.01 < found[0]["part"] < 0.15
