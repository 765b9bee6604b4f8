"""Readings look like instruments, and nothing in a row gives its fault away."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from domains.refinery.sources.sensor_readings import AROUND, LIMITS, LONGEST, with_excursions
from domains.refinery.sources.sensor_readings import excursions as let_happen
from headrace.contracts.load import load_contracts
from simulation.generate import blocks
from simulation.generate.chunks import chunks_to_make
from simulation.generate.plan import Plan, load_profile, world_of
from simulation.generate.rows import RowFactory
from simulation.generate.sources import load_sources

START = datetime(2024, 1, 1)
FAULTS = ("missing", "impossible", "out_of_range", "wrong_unit", "orphan", "spike")
EPISODES = ("stuck", "drift", "late", "gap")
SLACK = 1200  # seconds: a little before or after, the wander of its course may carry it over


@pytest.fixture(scope="module")
def factory(spark: SparkSession) -> Iterator[RowFactory]:
    contracts = load_contracts("refinery")
    plan = Plan(scale=0.0004, start=START, end=START + timedelta(days=14), stride=timedelta(hours=1))
    made = RowFactory(spark, contracts, load_sources("refinery"), world_of(plan, contracts))
    yield made
    made.close()


@pytest.fixture(scope="module")
def plan(factory: RowFactory) -> Plan:
    world = factory.world
    return Plan(scale=0.0004, start=world.start, end=world.end, stride=world.stride)


@pytest.fixture(scope="module")
def clean(factory: RowFactory, plan: Plan) -> pd.DataFrame:
    chunk = chunks_to_make(plan, factory.contracts["sensor_readings"], factory.world, [])[0]
    return (
        factory.clean_rows(chunk)
        .where(~F.col("_copy"))
        .toArrow()
        .to_pandas()
        .sort_values(["_index", "_second"])
    )


@pytest.fixture(scope="module")
def sent(factory: RowFactory, plan: Plan) -> pd.DataFrame:
    contract = factory.contracts["sensor_readings"]
    chunk = chunks_to_make(plan, contract, factory.world, [])[0]
    rows, strikes = factory.rows(factory.clean_rows(chunk), contract)
    spans = [f"_{kind}_{end}" for kind in EPISODES for end in ("from", "to")]
    made = (
        rows.select(*contract.columns, "_index", "_second", "_strike", "_copy", *spans).toArrow().to_pandas()
    )
    kinds = {float(number): strike.kind for number, strike in enumerate(strikes)}
    return made.assign(kind=made["_strike"].map(kinds)).loc[~made["_copy"]]


def test_a_reading_is_close_to_the_one_before(clean: pd.DataFrame) -> None:
    def correlation(values: pd.Series) -> float:
        return float(values.autocorr(lag=1))

    lagged = clean.groupby("_index")["reading_value"].agg(correlation)
    assert lagged.median() > 0.7


def test_a_day_has_its_cycle(clean: pd.DataFrame) -> None:
    hour = (clean["_second"] % 86_400) // 3600
    level = clean["reading_value"] - clean.groupby("_index")["reading_value"].transform("mean")
    by_hour = (level / clean["_spread"]).groupby([clean["_index"], hour]).mean().unstack()
    shape = by_hour.sub(by_hour.mean(axis=1), axis=0)
    first = np.abs(np.fft.rfft(shape.to_numpy(), axis=1))[:, 1:4]
    assert (first.argmax(axis=1) == 0).mean() > 0.9


@pytest.fixture(scope="module")
def excursions(factory: RowFactory, plan: Plan) -> pd.DataFrame:
    chunk = chunks_to_make(plan, factory.contracts["sensor_readings"], factory.world, [])[0]
    found = factory.episodes(chunk)
    assert found is not None
    limits = factory.argument("sensors").select("_index", "unit_id", "warning_low", "warning_high")
    named = found.withColumnsRenamed({"from": "start", "to": "end"}).where("kind = 'excursion'")
    return named.join(limits, "_index").toArrow().to_pandas()


def test_a_process_is_beyond_its_limit_for_the_told_span_and_on_the_told_side(
    clean: pd.DataFrame, excursions: pd.DataFrame
) -> None:
    assert {"high", "low"} == set(excursions["side"])
    for each in excursions.itertuples():
        mine = clean[clean["_index"] == each._1]
        well_inside = mine["_second"].between(each.start + SLACK, each.end - SLACK)
        outside = ~mine["_second"].between(each.start - AROUND, each.end + AROUND)
        value = mine["reading_value"]
        beyond = value > each.warning_high if each.side == "high" else value < each.warning_low
        assert beyond[well_inside].all()
        assert well_inside.any()
        assert not beyond[outside].any()


def test_a_process_gives_way_to_an_instrument_at_fault(
    factory: RowFactory, plan: Plan, excursions: pd.DataFrame
) -> None:
    chunk = chunks_to_make(plan, factory.contracts["sensor_readings"], factory.world, [])[0]
    others = factory.episodes(chunk).where(F.col("kind").isin("stuck", "drift", "gap"))
    meets = excursions.merge(others.toArrow().to_pandas(), on="_index", suffixes=("", "_other"))
    assert not ((meets["start"] < meets["to"]) & (meets["end"] > meets["from"])).any()


@pytest.mark.parametrize(("back", "happens"), [(10_000, True), (20_000, False)])
def test_a_process_does_not_leave_its_limits_while_its_unit_fails(
    factory: RowFactory, back: int, happens: bool
) -> None:
    """It begins to be felt 5,400 s before 17,200."""
    spark, at = factory.spark, F.timestamp_seconds
    drawn = spark.createDataFrame(
        [(3, 17_200, 30_000, 0.5)], "_index int, from long, to long, strength double"
    )
    failure = spark.createDataFrame([("UNIT-00000", 0, back)], "unit_id string, up long, back long").select(
        "unit_id", at("up").alias("run_up_from"), at("back").alias("back_at")
    )
    felt = spark.createDataFrame(
        [(17_200, 30_000, 0.5, 0, back, 0, 600)], "f long, t long, s double, u long, b long, o long, e long"
    )
    limits = (F.lit(limit).alias(name) for name, limit in zip(LIMITS, (0, 10, 2, 8, 1, 9), strict=True))
    known = {"_index": 3, "_begins": 0, "_typical": 5.0, "_least": 0.0, "_most": 10.0}
    known |= dict.fromkeys(("_cycle", "_phase", "_left", "_slope", "_noise"), 0.0)
    calm = (F.lit(value).alias(name) for name, value in known.items())
    block = felt.toDF(
        "_excursion_from", "_excursion_to", "_excursion_strength", "_run_up_from", "_back", "_first", "_every"
    ).select("*", *calm, *limits)

    assert let_happen(drawn, factory.argument("sensors"), failure).count() == happens
    assert (with_excursions(block, factory.world).first()["_pushes"] is not None) == happens


def test_healthy_sensors_stay_between_their_warnings(
    factory: RowFactory, clean: pd.DataFrame, excursions: pd.DataFrame
) -> None:
    failing = {row.unit_id for row in factory.argument("unit_failures").select("unit_id").collect()}
    limits = factory.argument("sensors").select("_index", "warning_low", "warning_high").toArrow().to_pandas()
    calm = ~clean["unit_id"].isin(failing) & ~clean["_index"].isin(excursions["_index"])
    healthy = clean[calm].merge(limits, on="_index")
    assert len(healthy) > 10_000
    assert healthy["reading_value"].between(healthy["warning_low"], healthy["warning_high"]).all()


@pytest.mark.parametrize("column", ["reading_quality", "is_interpolated"])
@pytest.mark.parametrize("kind", ["row", *EPISODES])
def test_no_column_knows_of_the_faults(sent: pd.DataFrame, kind: str, column: str) -> None:
    is_marked = sent[column] if sent[column].dtype == bool else sent[column] != "GOOD"
    faulty = struck_by(kind, sent)
    usual, among_faults = is_marked[~faulty].mean(), is_marked[faulty].mean()
    four_sigma = 4 * (usual * (1 - usual) / faulty.sum()) ** 0.5
    assert faulty.sum() > 100
    assert abs(among_faults - usual) < four_sigma


def struck_by(kind: str, sent: pd.DataFrame) -> pd.Series:
    """Which readings a fault touches; of a silence those within a few hours of it."""
    if kind == "row":
        return sent["kind"].isin(FAULTS)
    if kind == "gap":
        return sent["_gap_from"].notna()
    return (sent["_second"] >= sent[f"_{kind}_from"]) & (sent["_second"] < sent[f"_{kind}_to"])


def test_qualities_have_the_stated_shares(sent: pd.DataFrame) -> None:
    shares = sent["reading_quality"].value_counts(normalize=True)
    assert shares["GOOD"] == pytest.approx(0.97, abs=0.003)
    assert shares["UNCERTAIN"] == pytest.approx(0.025, abs=0.003)
    assert sent["is_interpolated"].mean() == pytest.approx(0.01, abs=0.003)


def test_a_wrong_unit_jumps_clear_of_the_sensor_s_own_course(clean: pd.DataFrame, sent: pd.DataFrame) -> None:
    course = clean.groupby("_index")["reading_value"].agg(["median", "std"])
    wrong = sent[sent["kind"] == "wrong_unit"].join(course, on="_index")
    jump = (wrong["reading_value"] - wrong["median"]).abs()
    assert len(wrong) > 30
    assert (jump > 5 * wrong["std"]).mean() > 0.95


def test_out_of_range_is_beyond_the_instrument_but_possible(factory: RowFactory, sent: pd.DataFrame) -> None:
    limits = factory.argument("sensors").select("_index", "min_value", "max_value").toArrow().to_pandas()
    beyond = sent[sent["kind"] == "out_of_range"].merge(limits, on="_index")
    over = (beyond["reading_value"] - beyond["max_value"]) / (beyond["max_value"] - beyond["min_value"])
    assert over.between(0, 0.2).all()
    assert len(beyond) > 50


def test_a_spike_stays_within_what_the_instrument_can_show(factory: RowFactory, sent: pd.DataFrame) -> None:
    limits = factory.argument("sensors").select("_index", "min_value", "max_value").toArrow().to_pandas()
    spikes = sent[sent["kind"] == "spike"].merge(limits, on="_index")
    assert (spikes["reading_value"] >= spikes["min_value"]).all()
    assert len(spikes) > 100


def test_the_source_knows_how_long_an_excursion_can_be_felt() -> None:
    assert blocks.AROUND["excursion"] == AROUND
    assert blocks.LENGTHS["excursion"][1] * 3600 == LONGEST


def test_units_shake_for_days_before_they_fail(spark: SparkSession) -> None:
    contracts = load_contracts("refinery")
    demo = load_profile("refinery", "demo")
    factory = RowFactory(spark, contracts, load_sources("refinery"), world_of(demo, contracts))
    failures = factory.argument("unit_failures").where(
        F.col("failed_at") < F.lit("2024-01-14").cast("timestamp")
    )
    known = failures.where(F.col("run_up_from") > F.lit("2024-01-02").cast("timestamp")).toArrow().to_pandas()
    assert len(known), "the demo shows no run-up from its beginning"
    chunk = chunks_to_make(demo, contracts["sensor_readings"], factory.world, [])[0]
    failure = known.iloc[0]
    kinds = factory.argument("sensors").select("sensor_id", "sensor_type")
    readings = (
        factory.clean_rows(chunk).where(F.col("unit_id") == failure["unit_id"]).join(kinds, "sensor_id")
    )
    shaking = readings.where(F.col("sensor_type") == "Vibration").toArrow().to_pandas()
    at = shaking["reading_timestamp"]
    level = shaking["reading_value"] / shaking["_typical"]
    before = level[at < failure["run_up_from"]].mean()
    last_day = level[
        at.between(failure["failed_at"] - timedelta(days=1), failure["failed_at"], "left")
    ].mean()
    standing = level[at.between(failure["failed_at"], failure["back_at"], "left")].mean()
    factory.close()
    assert 0.9 < before < 1.1
    assert last_day > 1.3
    assert standing < 0.3
