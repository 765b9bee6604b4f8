"""A fortnight of a small network from landing to gold, the same again, and one day more.

The text files of so small a network would hold hardly a fault, so more are planted than the contracts say.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.lake.delta_rs import live_files
from headrace.lake.paths import Paths
from headrace.refine.catalog import load_tables
from headrace.serve.named_queries import list_queries
from headrace.serve.publish import unreadable
from headrace.serve.query import run_query, run_sql
from headrace.settings import Settings
from headrace.tables import Replace
from headrace.writes.node import AS_OF, Ref
from rehearsal.postgres import Postgres
from simulation.generate.plan import Plan, world_of
from simulation.generate.row_maker import RowMaker
from simulation.generate.run import make
from simulation.generate.sources import load_sources
from simulation.score.scoring import KindScore, score
from tests.spark.answers import answers_of_athena, asked_as_of, asked_of, compare
from tests.spark.refined import Refined, refined
from tests.spark.refinery import (
    recomputed,
    recomputed_forecasts,
    recomputed_instruments,
    recomputed_plant,
)
from tests.spark.served import check_served

DOMAIN = "refinery"
asked = partial(asked_of, DOMAIN)
RECOMPUTED = recomputed.SQL | recomputed_plant.SQL | recomputed_instruments.SQL
START = datetime(2024, 1, 1)
FORTNIGHT_ENDS = START + timedelta(days=14)
MORE_FAULTS = 5
OF_ROWS = ("duplicate", "missing", "impossible", "orphan", "malformed", "wrong_unit")
NESTED = 5_000
"""Rows whose maps and lists are compared one by one."""
QUERIES = sorted(name for name in list_queries() if name.startswith(f"{DOMAIN}/"))
DAILY_SOURCES = {
    "sensor_readings": "reading_date",
    "tank_inventory": "measurement_date",
    "production_output": "production_date",
}
DatesByTable = dict[str, set[str]]
Files = dict[Ref, dict[str, str | None]]


@dataclass(frozen=True)
class Fortnight:
    first: Refined
    second: Refined
    scores: dict[str, KindScore]
    answers: dict[str, list[dict[str, Any]]]
    athena: dict[str, list[dict[str, Any]]]


@dataclass(frozen=True)
class NextDay:
    refined: Refined
    remade: DatesByTable
    arrived: DatesByTable


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    home = tmp_path_factory.mktemp("fortnight")
    return Settings(home=home, cores=2, shuffle_partitions=2, workers=3)


@pytest.fixture(scope="module")
def fortnight(spark: SparkSession, lake: Settings) -> Fortnight:
    generate(START, FORTNIGHT_ENDS, lake)
    first = refined(DOMAIN, lake)
    scores = {found.kind: found for found in score(DOMAIN, lake)}
    answers = {name: run_query(name, settings=lake).as_dicts() for name in QUERIES}
    athena = answers_of_athena(DOMAIN, lake)
    return Fortnight(first, refined(DOMAIN, lake), scores, answers, athena)


@pytest.fixture(scope="module")
def next_day(spark: SparkSession, lake: Settings, fortnight: Fortnight) -> NextDay:
    before = files_of(lake)
    generate(FORTNIGHT_ENDS, FORTNIGHT_ENDS + timedelta(days=1), lake)
    done = refined(DOMAIN, lake, scans=False)
    after = files_of(lake)
    remade = {ref.name: dates_that_differ(before.get(ref, {}), files) for ref, files in after.items()}
    return NextDay(done, remade, {name: dates_of_run(spark, lake, name, done) for name in DAILY_SOURCES})


def plan_of(start: datetime, end: datetime) -> Plan:
    return Plan(scale=0.003, seed=7, start=start, end=end, stride=timedelta(hours=2))


def generate(start: datetime, end: datetime, lake: Settings) -> None:
    plan = plan_of(start, end)
    contracts = {name: with_more_faults(found) for name, found in load_contracts(DOMAIN).items()}
    make(DOMAIN, contracts, load_sources(DOMAIN), plan, lake)


def with_more_faults(contract: Contract) -> Contract:
    more = {kind: rate * (MORE_FAULTS if kind in OF_ROWS else 1) for kind, rate in contract.faults.items()}
    return contract.model_copy(update={"faults": more})


def files_of(lake: Settings) -> Files:
    """The files of every table that lies in partitions, each with its day."""
    paths, catalog = Paths.of(DOMAIN, lake), load_tables(DOMAIN)
    by_day = [ref for ref, node in catalog.nodes.items() if node.table.partition]
    return {
        ref: {file.path: file.partition for file in live_files(paths.table(ref.layer, ref.name))}
        for ref in (*by_day, Ref("silver", "alarms"))
    }


def dates_that_differ(before: Mapping[str, str | None], after: Mapping[str, str | None]) -> set[str]:
    files = {**before, **after}
    return {str(files[path]) for path in set(before) ^ set(after)}


def dates_of_run(spark: SparkSession, lake: Settings, name: str, done: Refined) -> set[str]:
    rows = spark.read.format("delta").load(Paths.of(DOMAIN, lake).table("silver", name))
    new = rows.where(rows._run == done.run_of["silver"]).select(DAILY_SOURCES[name]).distinct()
    return {str(row[0]) for row in new.collect()}


def test_the_receipt_balances_and_every_table_is_there(fortnight: Fortnight) -> None:
    fortnight.first.receipt.check()
    assert [table.table for table in fortnight.first.tables if table.version < 0] == []


def test_no_check_fails(fortnight: Fortnight) -> None:
    failed = [f"{c.table}: {c.name}: {c.detail}" for c in fortnight.first.checks if c.outcome == "fail"]
    assert fortnight.first.checks
    assert failed == []


@pytest.mark.parametrize("name", QUERIES)
def test_every_named_query_has_an_answer(name: str, fortnight: Fortnight) -> None:
    assert fortnight.answers[name]


@pytest.mark.parametrize("name", QUERIES)
def test_athenas_wording_of_a_query_has_the_same_answer(name: str, fortnight: Fortnight) -> None:
    assert sorted(map(str, fortnight.athena[name])) == sorted(map(str, fortnight.answers[name]))


@pytest.mark.parametrize(
    ("kind", "at_least"),
    [
        ("duplicate", 0.99),
        ("missing", 0.99),
        ("impossible", 0.99),
        ("orphan", 0.99),
        ("malformed", 0.99),
        ("wrong_unit", 0.90),
    ],
)
def test_the_faults_of_rows_are_caught(kind: str, at_least: float, fortnight: Fortnight) -> None:
    found = fortnight.scores[kind]
    assert found.planted >= 20
    assert found.recall is not None
    assert found.recall >= at_least


def test_a_database_holds_what_the_lake_holds(
    fortnight: Fortnight, lake: Settings, postgres: Postgres
) -> None:
    check_served(DOMAIN, lake, postgres)


def test_a_second_refine_writes_nothing(fortnight: Fortnight) -> None:
    versions = {(table.layer, table.table): table.version for table in fortnight.first.tables}
    assert {(table.layer, table.table): table.version for table in fortnight.second.tables} == versions
    assert {table.rows_in for table in fortnight.second.tables} == {0}


def test_tables_that_did_not_change_are_not_scanned_again(fortnight: Fortnight) -> None:
    assert fortnight.second.checks == []


@pytest.mark.parametrize("name", RECOMPUTED)
def test_another_engine_counts_a_gold_table_the_same(name: str, fortnight: Fortnight, lake: Settings) -> None:
    compare_with_recomputed(name, lake, fortnight.first.as_of)


def compare_with_recomputed(name: str, lake: Settings, as_of: str) -> None:
    rows = asked(f"select * from gold.{name}", lake)
    compare(DOMAIN, name, rows, asked_as_of(DOMAIN, RECOMPUTED[name], lake, as_of))


def test_hours_in_which_units_stand_are_those_in_which_they_did(fortnight: Fortnight, lake: Settings) -> None:
    """By the truth that nobody lands; a stand is missed where the row of its only hour was set aside."""
    contracts, plan = load_contracts(DOMAIN), plan_of(START, FORTNIGHT_ENDS)
    world = RowMaker(contracts, load_sources(DOMAIN), world_of(plan, contracts))
    running = {row["unit_id"] for row in asked("select distinct unit_id from silver.production_output", lake)}
    stood = set()
    for name, begin, end, after in (
        ("unit_stands", "stood_from", "hot_at", 0),
        ("unit_failures", "failed_at", "back_at", 12),
    ):
        told = world.argument(name)
        for unit, first, last in zip(told["unit_id"], told[begin].tolist(), told[end].tolist(), strict=True):
            hours = range(int((last - first) / timedelta(hours=1)) + after)
            stood |= {(str(unit), first + hour * timedelta(hours=1)) for hour in hours}
    stood = {(unit, at) for unit, at in stood if unit in running and START <= at < FORTNIGHT_ENDS}
    rows = asked("select unit_id, production_hour from gold.unit_stands", lake)
    found = {(row["unit_id"], row["production_hour"].replace(tzinfo=None)) for row in rows}
    found = {(unit, at) for unit, at in found if at < FORTNIGHT_ENDS}
    assert len(stood) > 100
    assert len(found & stood) >= 0.95 * len(stood)
    assert len(found - stood) <= 0.01 * len(found)


def test_every_unit_with_readings_has_its_place_among_the_warnings(
    fortnight: Fortnight, lake: Settings
) -> None:
    rows = asked("select * from gold.early_warnings order by urgency", lake)
    units = asked("select distinct unit_id from gold.equipment_health", lake)
    assert [row["urgency"] for row in rows] == list(range(1, len(units) + 1))
    hours = [row["hours_to_critical"] for row in rows if row["sign"] == "STRONG"]
    assert hours == sorted(hours, key=lambda each: (each is None, each))
    answer = fortnight.answers[f"{DOMAIN}/early-warnings"]
    assert answer[0]["unit"].endswith(rows[0]["unit_id"])


def test_a_refinery_runs_short_as_often_as_other_dice_have_it(fortnight: Fortnight, lake: Settings) -> None:
    at = datetime.fromisoformat(fortnight.first.as_of)
    shipments = asked(
        recomputed.UNDER_WAY.replace("$as_of", f"timestamptz '{fortnight.first.as_of}+00'"), lake
    )
    risks = asked(
        f"""with planned as (
            select refinery_id, unit_id, avg(planned_charge_barrels) as barrels from silver.production_plans
            where is_crude_unit and published_at <= timestamptz '{at}+00'
                and plan_date between date '{at.date()}' and date '{(at + timedelta(hours=167)).date()}'
            group by all),
        draws as (select refinery_id, sum(barrels) as barrels from planned group by all)
        select r.*, d.usable_barrels, coalesce(p.barrels, d.daily_draw_barrels) as draw from gold.stock_out_risk r
        left join draws p on p.refinery_id = r.refinery_id
        join gold.days_of_supply d on d.level = 'REFINERY' and d.product_type = 'Crude Oil'
            and d.refinery_id = r.refinery_id
        where r.stock_out_probability is not null order by r.stock_out_probability_without_it desc limit 3""",
        lake,
    )
    for row in risks:
        told = (
            *(shipments, row["refinery_id"], row["usable_barrels"], row["draw"]),
            *(row["hours_looked_ahead"], at.hour + at.minute / 60 + at.second / 3600),
        )
        chance, lowest = recomputed.stock_course(*told)
        assert row["stock_out_probability"] == pytest.approx(chance, abs=0.06)
        assert row["lowest_stock_barrels"] == pytest.approx(lowest, abs=0.1 * row["draw"])
        without, _ = recomputed.stock_course(*told, without=row["shipment_id"])
        assert row["stock_out_probability_without_it"] == pytest.approx(without, abs=0.06)


def test_levels_of_tanks_ahead_are_those_that_plain_python_forecasts(
    fortnight: Fortnight, lake: Settings
) -> None:
    as_of = fortnight.first.as_of
    tanks, levels, parcels = (
        asked_as_of(DOMAIN, sql, lake, as_of)
        for sql in (recomputed_forecasts.TANKS, recomputed_forecasts.LEVELS, recomputed_forecasts.PARCELS)
    )
    today = datetime.fromisoformat(as_of).date()
    forecast = asked("select * from gold.inventory_forecast", lake)
    compare(
        DOMAIN,
        "inventory_forecast",
        forecast,
        recomputed_forecasts.levels_ahead(tanks, levels, parcels, today),
    )


@pytest.mark.parametrize(("day", "sign"), [(8, "STRONG"), (10, "STANDS"), (11, "RESTARTED")])
def test_warnings_of_days_past_are_those_that_another_engine_gives(
    day: int, sign: str, spark: SparkSession, fortnight: Fortnight, lake: Settings
) -> None:
    """A unit of this world is on its way to failure, stands and comes back within the fortnight."""
    as_of = datetime(2024, 1, day, 23, 59, 59)
    node, paths = load_tables(DOMAIN).node("early_warnings", "gold"), Paths.of(DOMAIN, lake)
    frames: dict[str, object] = {
        name: spark.read.format("delta").load(paths.table(ref.layer, ref.name))
        for name, ref in node.upstream.items()
    }
    rows = node.call({**frames, AS_OF: as_of}).toArrow().to_pylist()
    assert sign in {row["sign"] for row in rows}
    compare(
        DOMAIN,
        "early_warnings",
        rows,
        asked_as_of(DOMAIN, RECOMPUTED["early_warnings"], lake, as_of.isoformat()),
    )


def test_slopes_of_yield_are_those_of_least_squares_with_a_level_for_each_unit(
    fortnight: Fortnight, lake: Settings
) -> None:
    hours = asked(
        """select output_product_id as product, unit_id, api_gravity_typical as api, sulfur_content_typical as sulfur,
            yield_percentage as yielded
        from silver.production_output p join silver.crude_types c on c.crude_type_id = p.input_crude_type_id
        where yield_percentage is not null""",
        lake,
    )
    found = asked(
        "select distinct product_id, yield_per_api_gravity, yield_per_sulfur from gold.yield_by_quality", lake
    )
    slopes = recomputed.slopes(hours)
    assert len(slopes) >= 3
    for row in found:
        if row["product_id"] in slopes:
            by_api, by_sulfur = slopes[row["product_id"]]
            assert row["yield_per_api_gravity"] == pytest.approx(by_api, rel=1e-4, abs=1e-7)
            assert row["yield_per_sulfur"] == pytest.approx(by_sulfur, rel=1e-4, abs=1e-7)


def test_what_a_plan_draws_is_what_was_poured_into_its_tanks(fortnight: Fortnight, lake: Settings) -> None:
    """What is drawn in the last minutes before the day begins is a part in a thousand."""
    as_of = f"timestamp '{fortnight.first.as_of}'"
    levels, parcels = (
        asked(sql.replace("$as_of", as_of), lake) for sql in (recomputed.LEVELS, recomputed.PARCELS)
    )
    mixed = recomputed.mixtures(levels, parcels)
    plans = asked("select * from gold.crude_blend where status = 'OPTIMAL'", lake)
    assert plans
    for row in plans:
        shares = mixed[row["tank_id"]]
        assert row["share_of_tank"] == pytest.approx(shares[row["crude_type_id"]], rel=3e-3, abs=3e-4)
        assert row["blend_barrels"] == pytest.approx(row["tank_barrels"] * row["share_of_tank"])


def test_no_other_draw_from_the_tanks_earns_more_than_the_plan(fortnight: Fortnight, lake: Settings) -> None:
    for (refinery,) in run_sql(
        "select distinct refinery_id from gold.crude_blend where status = 'OPTIMAL'",
        domain=DOMAIN,
        settings=lake,
    ).rows:
        tanks = asked(
            f"""select tank_id, max(tank_api_gravity) as api, max(tank_sulfur_pct) as sulfur,
                sum(available_barrels) as usable, max(tank_value_per_barrel - tank_cost_per_barrel) as margin,
                max(tank_barrels) as drawn, max(charge_barrels) as charge, max(api_min) as api_min,
                max(api_max) as api_max, max(sulfur_max_pct) as sulfur_max_pct
            from gold.crude_blend where refinery_id = '{refinery}' group by tank_id order by tank_id""",
            lake,
        )
        charge = tanks[0]["charge"]
        earned = sum(tank["drawn"] * tank["margin"] for tank in tanks)
        tried = recomputed.best_margin(tanks, charge, tanks[0])
        assert sum(tank["drawn"] for tank in tanks) == pytest.approx(charge)
        assert tried is None or earned >= tried - 1e-4 * charge
        assert tried is not None or len(tanks) > 1


def test_after_one_more_day_the_receipt_balances(next_day: NextDay) -> None:
    next_day.refined.receipt.check()


@pytest.mark.parametrize(
    ("gold", "source"),
    [
        ("sensor_days", "sensor_readings"),
        ("tank_days", "tank_inventory"),
        ("refinery_kpis", "production_output"),
    ],
)
def test_one_more_day_makes_only_the_days_again_that_rows_came_for(
    gold: str, source: str, next_day: NextDay
) -> None:
    longest_late = load_contracts(DOMAIN)[source].late or timedelta()
    assert next_day.remade[gold] == next_day.remade[source] == next_day.arrived[source]
    assert str(FORTNIGHT_ENDS.date()) in next_day.remade[gold]
    assert min(map(date.fromisoformat, next_day.remade[gold])) >= (FORTNIGHT_ENDS - longest_late).date()


def test_no_gold_table_makes_a_day_again_whose_sources_did_not_change(next_day: NextDay) -> None:
    """Nor the days before it, for a table that looks back at them."""
    for ref, node in load_tables(DOMAIN).nodes.items():
        if isinstance(node.table.write, Replace):
            changed = {
                str(date.fromisoformat(day) + timedelta(days=ahead))
                for name in node.table.write.follows
                for day in next_day.remade[node.upstream[name].name]
                for ahead in range(node.table.write.looks_back.get(name, 0) + 1)
            }
            assert next_day.remade[ref.name] <= changed


@pytest.mark.parametrize("name", ["unit_stands", "sensor_days", "anomaly_alerts", "equipment_health"])
def test_after_one_more_day_a_table_is_as_if_it_were_made_whole(
    name: str, next_day: NextDay, lake: Settings
) -> None:
    compare_with_recomputed(name, lake, next_day.refined.as_of)


def test_every_table_is_one_that_athena_reads(fortnight: Fortnight, lake: Settings) -> None:
    found = sorted(folder.parent for folder in Path(lake.lake).glob(f"{DOMAIN}/*/*/_delta_log"))
    assert len(found) > 40
    stumbles = {folder.name: unreadable(DeltaTable(str(folder))) for folder in found}
    assert {name: why for name, why in stumbles.items() if why} == {}


def test_every_column_says_in_the_tables_log_what_it_means(fortnight: Fortnight, lake: Settings) -> None:
    silent = []
    for place in places_of(lake):
        table = DeltaTable(str(place))
        unsaid = [
            field.name for field in table.schema().fields if not dict(field.metadata or {}).get("comment")
        ]
        silent += [f"{place.parent.name}.{place.name}.{name}" for name in unsaid]
        silent += [] if table.metadata().description else [f"{place.parent.name}.{place.name}"]
    assert silent == []


def test_technical_instants_are_whole_milliseconds(fortnight: Fortnight, lake: Settings) -> None:
    finer = []
    for place in places_of(lake):
        rows = DeltaTable(str(place)).to_pyarrow_table()
        for field in rows.schema:
            if field.name.startswith("_") and pa.types.is_timestamp(field.type):
                micros = pc.drop_null(rows[field.name].cast(pa.int64()))
                if pc.any(
                    pc.not_equal(pc.divide(micros, 1000), pc.divide(pc.add(micros, 999), 1000))
                ).as_py():
                    finer.append(f"{place.name}.{field.name}")
    assert finer == []


@pytest.mark.parametrize("reader", ["DuckDB", "Polars", "Spark"])
def test_readers_that_know_nothing_of_headrace_see_the_same_rows(
    reader: str, spark: SparkSession, fortnight: Fortnight, lake: Settings
) -> None:
    """As delta-rs sees them. Gold is made by reading the others with Spark."""
    differing = []
    for place in places_of(lake):
        if reader == "Spark" and place.parent.name != "gold":
            continue
        table = DeltaTable(str(place))
        expected = table.to_pyarrow_table()
        if reader == "DuckDB":
            with duckdb.connect() as db:
                found = db.from_arrow(table.to_pyarrow_dataset()).to_arrow_table()
        elif reader == "Polars":
            found = polars.scan_delta(str(place)).collect().to_arrow()
        else:
            found = spark.newSession().read.format("delta").load(str(place)).toArrow()
        differing += [f"{place.name}.{name}" for name in differing_columns(found, expected)]
    assert differing == []


def places_of(lake: Settings) -> list[Path]:
    return sorted(log.parent for log in Path(lake.lake).glob(f"{DOMAIN}/*/*/_delta_log"))


def differing_columns(found: pa.Table, expected: pa.Table) -> list[str]:
    """In the same order, and in the types of the expected ones: engines have kinds of text and instants of their own."""
    if len(found) != len(expected) or set(found.column_names) != set(expected.column_names):
        return ["rows or columns"]
    nested = [field.name for field in expected.schema if pa.types.is_nested(field.type)]
    flat = [name for name in expected.column_names if name not in nested]
    kinds = pa.schema([expected.schema.field(name) for name in flat])
    exact = [(name, "ascending") for name in flat if not pa.types.is_floating(kinds.field(name).type)]
    orders = [pc.sort_indices(rows.select(flat).cast(kinds), exact) for rows in (found, expected)]
    here, there = (rows.take(order) for rows, order in zip((found, expected), orders, strict=True))
    wrong = [name for name in flat if not here[name].cast(kinds.field(name).type).equals(there[name])]
    for name in nested:
        pairs = zip(
            here[name].slice(0, NESTED).to_pylist(), there[name].slice(0, NESTED).to_pylist(), strict=True
        )
        wrong += [name] if any(plain(mine) != plain(theirs) for mine, theirs in pairs) else []
    return wrong


def plain(value: Any) -> Any:
    """A value within rows as every engine's would be written: maps are lists of pairs, of tuples or of rows."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None)
    if isinstance(value, dict):
        return tuple(map(plain, value.values()))
    if isinstance(value, list):
        return sorted(
            (plain(tuple(each)) if isinstance(each, tuple) else plain(each) for each in value), key=str
        )
    return tuple(map(plain, value)) if isinstance(value, tuple) else value
