"""Readings look like instruments, and nothing in a row gives its fault away."""

import json
from datetime import datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession

from domains.refinery.sources.sensor_readings import excursions as let_happen
from domains.refinery.world.excursions import AROUND, LONGEST
from domains.refinery.world.failures import failure_of, failures_around
from domains.refinery.world.operation import stand_of
from domains.refinery.world.plant import units_of
from headrace.contracts.load import load_contracts
from simulation.generate import blocks
from simulation.generate.blocks import Episodes
from simulation.generate.chunks import Chunk, chunks_to_make
from simulation.generate.plan import Plan, load_profile, world_of
from simulation.generate.rows import RowFactory
from simulation.generate.sources import load_sources
from simulation.generate.truth import truth_of_episodes
from simulation.random_draws import ANCHOR_SECONDS, seconds

START = datetime(2024, 1, 1)
FAULTS = ("missing", "impossible", "out_of_range", "wrong_unit", "orphan", "spike")
EPISODES = ("stuck", "drift", "late", "gap")
SLACK = 1200  # seconds: a little before or after, the wander of its course may carry it over


@pytest.fixture(scope="module")
def factory(spark: SparkSession) -> RowFactory:
    contracts = load_contracts("refinery")
    plan = Plan(scale=0.001, seed=5, start=START, end=START + timedelta(days=14), stride=timedelta(hours=1))
    return RowFactory(spark, contracts, load_sources("refinery"), world_of(plan, contracts))


@pytest.fixture(scope="module")
def chunk(factory: RowFactory) -> Chunk:
    world = factory.world
    plan = Plan(scale=0.001, seed=5, start=world.start, end=world.end, stride=world.stride)
    return chunks_to_make(plan, factory.contracts["sensor_readings"], world, [])[0]


@pytest.fixture(scope="module")
def clean(factory: RowFactory, chunk: Chunk) -> pd.DataFrame:
    rows = factory.clean_rows(chunk, "_index", "_second", "_spread", "_typical").toArrow().to_pandas()
    return rows.sort_values(["_index", "_second"])


@pytest.fixture(scope="module")
def episodes(factory: RowFactory, chunk: Chunk) -> pd.DataFrame:
    told = truth_of_episodes(factory.maker, chunk)
    assert told is not None
    rows = told.to_pandas()
    begin, end = (rows[name].astype("int64") // 1_000_000 for name in ("from_at", "to_at"))
    detail = pd.DataFrame(rows["detail"].map(json.loads).tolist())
    return pd.concat([rows[["kind", "key"]].assign(start=begin, end=end), detail], axis=1)


@pytest.fixture(scope="module")
def sent(factory: RowFactory, chunk: Chunk) -> pd.DataFrame:
    made = factory.rows(chunk, named=True).toArrow().to_pandas().rename(columns={"_kind": "kind"})
    return made.loc[~made["_copy"]]


@pytest.fixture(scope="module")
def sensors(factory: RowFactory) -> pd.DataFrame:
    return factory.argument("sensors").to_pandas()


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
def excursions(episodes: pd.DataFrame, sensors: pd.DataFrame) -> pd.DataFrame:
    limits = sensors[["sensor_id", "_index", "unit_id", "warning_low", "warning_high"]]
    found = episodes[episodes["kind"] == "excursion"].merge(limits, left_on="key", right_on="sensor_id")
    return found.rename(columns={"_index": "sensor"})


def test_a_process_is_beyond_its_limit_for_the_told_span_and_on_the_told_side(
    clean: pd.DataFrame, excursions: pd.DataFrame
) -> None:
    assert {"high", "low"} == set(excursions["side"])
    for each in excursions.itertuples():
        mine = clean[clean["_index"] == each.sensor]
        well_inside = mine["_second"].between(each.start + SLACK, each.end - SLACK)
        value = mine["reading_value"]
        beyond = value > each.warning_high if each.side == "high" else value < each.warning_low
        assert beyond[well_inside].all()
        assert well_inside.any()


def test_a_process_gives_way_to_an_instrument_at_fault(
    episodes: pd.DataFrame, excursions: pd.DataFrame
) -> None:
    others = episodes[episodes["kind"].isin(["stuck", "drift", "gap"])]
    meets = excursions.merge(others, on="key", suffixes=("", "_other"))
    assert len(meets)
    assert not ((meets["start"] < meets["end_other"]) & (meets["end"] > meets["start_other"])).any()


def test_a_process_does_not_leave_its_limits_while_its_unit_fails_or_stands(factory: RowFactory) -> None:
    given = {name: factory.maker.argument(name) for name in ("sensors", "processing_units", "refineries")}
    failure = failure_of(factory.world, np.array([1]), np.array([8]))
    around = [
        int(at[0]) * 3600 + ANCHOR_SECONDS for at in (failure.run_up_from, failure.failed, failure.repaired)
    ]
    begins = np.array([around[0] - 30 * 86_400, around[0] + 3600, around[1] + 3600])
    drawn = Episodes(np.full(3, 105), begins, begins + 7200, np.full(3, 0.5))
    happening = let_happen(drawn, world=factory.world, **given)
    assert set(happening["chosen"].tolist()) <= {0}


def test_healthy_sensors_stay_between_their_warnings(
    factory: RowFactory, clean: pd.DataFrame, excursions: pd.DataFrame, sensors: pd.DataFrame
) -> None:
    """While their unit runs, and is not about to fail."""
    failing = set(factory.argument("unit_failures")["unit_id"].to_pylist())
    given = {name: factory.maker.argument(name) for name in ("processing_units", "refineries")}
    units = units_of(world=factory.world, **given)
    calm = clean[~clean["unit_id"].isin(failing) & ~clean["_index"].isin(excursions["sensor"])]
    unit, hour = (
        (calm["_index"] // 100).to_numpy(np.int64),
        ((calm["_second"] - ANCHOR_SECONDS) // 3600).to_numpy(np.int64),
    )
    stood = sum(stand_of(factory.world, units, unit.clip(max=4), hour - back).minutes for back in range(40))
    healthy = calm[stood == 0].merge(sensors[["sensor_id", "warning_low", "warning_high"]], on="sensor_id")
    assert len(healthy) > 5_000
    assert healthy["reading_value"].between(healthy["warning_low"], healthy["warning_high"]).all()


@pytest.mark.parametrize("column", ["reading_quality", "is_interpolated"])
@pytest.mark.parametrize("kind", ["row", *EPISODES])
def test_no_column_knows_of_the_faults(
    sent: pd.DataFrame, episodes: pd.DataFrame, kind: str, column: str
) -> None:
    is_marked = sent[column] if sent[column].dtype == bool else sent[column] != "GOOD"
    faulty = struck_by(kind, sent, episodes)
    usual, among_faults = is_marked[~faulty].mean(), is_marked[faulty].mean()
    four_sigma = 4 * (usual * (1 - usual) / faulty.sum()) ** 0.5
    assert faulty.sum() > 100
    assert abs(among_faults - usual) < four_sigma


def struck_by(kind: str, sent: pd.DataFrame, episodes: pd.DataFrame) -> pd.Series:
    """Which readings a fault touches; of a silence those within a few hours of it."""
    if kind == "row":
        return sent["kind"].isin(FAULTS)
    near = 6 * 3600 if kind == "gap" else 0
    faulty = pd.Series(False, index=sent.index)
    for each in episodes[episodes["kind"] == kind].itertuples():
        inside = sent["_second"].between(each.start - near, each.end + near - 1)
        faulty |= inside & (sent["sensor_id"] == each.key)
    return faulty


def test_qualities_have_the_stated_shares(sent: pd.DataFrame) -> None:
    shares = sent["reading_quality"].value_counts(normalize=True)
    assert shares["GOOD"] == pytest.approx(0.97, abs=0.003)
    assert shares["UNCERTAIN"] == pytest.approx(0.025, abs=0.003)
    assert sent["is_interpolated"].mean() == pytest.approx(0.01, abs=0.003)


def test_a_wrong_unit_jumps_clear_of_the_sensor_s_own_course(clean: pd.DataFrame, sent: pd.DataFrame) -> None:
    """By the spread of its usual days: a stand is farther than any wrong unit."""
    course = clean.groupby("_index")["reading_value"].quantile([0.5, 0.16, 0.84]).unstack()
    course = pd.DataFrame({"median": course[0.5], "std": (course[0.84] - course[0.16]) / 2})
    wrong = sent[sent["kind"] == "wrong_unit"].join(course, on="_index")
    wrong = wrong[wrong["reading_value"] != 0]
    jump = (wrong["reading_value"] - wrong["median"]).abs()
    assert len(wrong) > 30
    assert (jump > 5 * wrong["std"]).mean() > 0.95


def test_out_of_range_is_beyond_the_instrument_but_possible(
    sensors: pd.DataFrame, sent: pd.DataFrame
) -> None:
    limits = sensors[["_index", "min_value", "max_value"]]
    beyond = sent[sent["kind"] == "out_of_range"].merge(limits, on="_index")
    over = (beyond["reading_value"] - beyond["max_value"]) / (beyond["max_value"] - beyond["min_value"])
    assert over.between(0, 0.2).all()
    assert len(beyond) > 50


def test_a_spike_stays_within_what_the_instrument_can_show(sensors: pd.DataFrame, sent: pd.DataFrame) -> None:
    limits = sensors[["_index", "min_value", "max_value"]]
    spikes = sent[sent["kind"] == "spike"].merge(limits, on="_index")
    assert (spikes["reading_value"] >= spikes["min_value"]).all()
    assert len(spikes) > 100


def test_the_source_knows_how_long_an_excursion_can_be_felt() -> None:
    assert blocks.AROUND["excursion"] == AROUND
    assert blocks.LENGTHS["excursion"][1] * 3600 == LONGEST


def test_the_demo_ends_while_a_unit_is_about_to_fail(spark: SparkSession) -> None:
    contracts = load_contracts("refinery")
    demo = load_profile("refinery", "demo")
    factory = RowFactory(spark, contracts, load_sources("refinery"), world_of(demo, contracts))
    failures = factory.argument("unit_failures").to_pandas()
    end = pd.Timestamp(demo.end, tz="UTC")
    on = failures[(failures["run_up_from"] < end) & (failures["failed_at"] > end)]
    gone = (end - on["run_up_from"]) / (on["failed_at"] - on["run_up_from"])
    assert gone.between(0.5, 0.95).any()


def test_the_live_demo_begins_as_a_unit_fails() -> None:
    contracts, live = load_contracts("refinery"), load_profile("refinery", "live")
    world = world_of(live, contracts)
    hour = (seconds(live.end) - ANCHOR_SECONDS) // 3600
    on, _ = failures_around(world, np.arange(world.counts["processing_units"]), np.array([hour]))
    assert (on.failed == hour).any()
