"""What is planted is in the rows and in the truth, and nothing else is."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.generate.run import make
from simulation.generate.truth import read_truth
from tests.spark.simulation.generate.conftest import SOURCES, plan

DAYS = 20


@pytest.fixture(scope="module")
def works(
    spark: SparkSession, contracts: Mapping[str, Contract], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Paths]:
    settings = Settings(home=tmp_path_factory.mktemp("works"))
    make("works", contracts, SOURCES, plan(days=DAYS), settings)
    return Paths.of("works", settings)


@pytest.fixture(scope="module")
def truth(spark: SparkSession, works: Paths) -> pd.DataFrame:
    told = read_truth(spark, works).toArrow().to_pandas()
    told["detail"] = told["detail"].map(json.loads)
    return told


@pytest.fixture(scope="module")
def levels(works: Paths) -> pd.DataFrame:
    files = sorted(Path(works.landing("levels")).rglob("*.parquet"))
    read = [pd.read_parquet(file).assign(stamp=file.name.split("_")[1]) for file in files]
    rows = pd.concat(read, ignore_index=True)
    return rows.assign(sent_at=pd.to_datetime(rows["stamp"], format="%Y%m%dT%H%M%S", utc=True))


@pytest.fixture(scope="module")
def repairs(works: Paths) -> list[str]:
    files = sorted(Path(works.landing("repairs")).rglob("*.csv"))
    return [line for file in files for line in file.read_text().splitlines()]


def keys_of(truth: pd.DataFrame, table: str, kind: str) -> list[str]:
    return sorted(truth[(truth["table"] == table) & (truth["kind"] == kind)]["key"])


def test_every_kind_is_planted_at_about_its_rate(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    told = truth[truth["table"] == "levels"].groupby("kind").size() / len(levels)
    for kind, rate in (("missing", 0.03), ("impossible", 0.02), ("orphan", 0.02), ("spike", 0.02)):
        assert rate * 0.7 < told[kind] < rate * 1.3


def test_what_is_null_is_what_was_planted_missing(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    empty = levels[levels["level_m"].isna()]["level_id"]
    assert sorted(set(empty)) == keys_of(truth, "levels", "missing")


def test_what_cannot_be_is_what_was_planted_impossible(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    beyond = levels[(levels["level_m"] < -10) | (levels["level_m"] > 100)]["level_id"]
    assert sorted(set(beyond)) == keys_of(truth, "levels", "impossible")


def test_an_unknown_gauge_is_what_was_planted_as_orphan(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    orphans = levels[levels["gauge_id"].str.contains("X")]["level_id"]
    assert sorted(set(orphans)) == keys_of(truth, "levels", "orphan")


def test_a_key_that_comes_twice_is_a_planted_duplicate(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    twice = set(levels[levels.duplicated("level_id")]["level_id"])
    spoiled = set(truth[(truth["table"] == "levels") & (truth["kind"] != "duplicate")]["key"])
    assert twice - spoiled == set(keys_of(truth, "levels", "duplicate")) - spoiled
    assert twice


def test_a_second_copy_is_the_same_row(levels: pd.DataFrame) -> None:
    twice = levels[levels.duplicated("level_id", keep=False)].drop(columns=["stamp", "sent_at"])
    assert (twice.groupby("level_id", dropna=False).nunique(dropna=False) == 1).all(axis=None)


def test_a_wrong_unit_is_a_clear_jump(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    wrong = levels[levels["level_id"].isin(keys_of(truth, "levels", "wrong_unit"))]["level_m"]
    assert wrong.between(5 / 0.3048 - 3, 5.2 / 0.3048 + 3).all()
    assert len(wrong) > 20


def test_a_silence_holds_no_reading(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    gaps = truth[truth["kind"] == "gap"]
    for gap in gaps.itertuples():
        heard = levels[levels["level_id"].str.startswith(gap.key) & (levels["measured_at"] >= gap.from_at)]
        assert heard[heard["measured_at"] < gap.to_at].empty
    assert len(gaps)


def test_a_stuck_gauge_shows_one_value(truth: pd.DataFrame, levels: pd.DataFrame) -> None:
    clean = levels[~levels["level_id"].isin(truth["key"])]
    stuck = truth[truth["kind"] == "stuck"]
    for episode in stuck.itertuples():
        shown = clean[(clean["gauge_id"] == episode.key) & (clean["measured_at"] >= episode.from_at)]
        assert shown[shown["measured_at"] < episode.to_at]["level_m"].nunique() <= 1
    assert len(stuck)


def test_rows_held_up_arrive_a_day_late_and_within_the_bound(
    truth: pd.DataFrame, levels: pd.DataFrame
) -> None:
    delay = (levels["sent_at"] - levels["measured_at"]).dt.total_seconds() / 86_400
    held = pd.Series(False, index=levels.index)
    for outage in truth[(truth["table"] == "levels") & (truth["kind"] == "late")].itertuples():
        gauge = levels["level_id"].str.startswith(outage.key)
        held |= gauge & levels["measured_at"].between(outage.from_at, outage.to_at, inclusive="left")
    assert held.any()
    assert delay[held].between(1, 2).all()
    first = ~held & ~levels.duplicated("level_id", keep=False)
    assert (delay[first] <= 1).all()


def test_a_broken_line_stands_in_the_file_as_the_truth_has_it(
    truth: pd.DataFrame, repairs: list[str]
) -> None:
    broken = truth[(truth["table"] == "repairs") & (truth["kind"] == "malformed")]
    for detail in broken["detail"]:
        assert detail["line"] in repairs
    assert len(broken) > 50


def test_every_kind_of_the_text_table_is_planted(truth: pd.DataFrame) -> None:
    kinds = set(truth[truth["table"] == "repairs"]["kind"])
    assert kinds == {
        *("duplicate", "late", "missing", "impossible", "out_of_range", "wrong_unit", "malformed", "orphan")
    }


def test_every_csv_file_begins_with_its_header(works: Paths) -> None:
    for file in Path(works.landing("repairs")).rglob("*.csv"):
        lines = file.read_text().splitlines()
        assert lines[0] == "repair_id,gauge_id,begun_at,minutes,heat_c,remark"
        assert lines[0] not in lines[1:]
