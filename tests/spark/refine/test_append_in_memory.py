"""Rows that go on into silver from memory become the same as those that go by bronze's files."""

from collections.abc import Callable
from datetime import datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.lake.increments import Progress, all_of, version_files
from headrace.lake.lease import Leases, RunContext
from headrace.refine.catalog import load_tables
from headrace.refine.silver import run_edge, take_in_memory
from headrace.sources.bronze_table import POSITION
from headrace.writes.edge import Edge, leaves
from headrace.writes.key_cache import RecentKeys
from tests.spark.refine.conftest import PumpStation, stroke


@pytest.fixture
def takes(station: PumpStation) -> Callable[..., dict[str, int]]:
    """Lands strokes in bronze, then hands its newest version on from memory."""
    station.lands_parents()
    station.refine()
    catalog, leases = load_tables("pumps"), Leases([], "test", 60)
    leases.acquire()
    edge = Edge(
        catalog.node("strokes"),
        catalog.contracts["strokes"],
        RunContext(station.paths, station.settings, leases, "run"),
        datetime(2024, 1, 3),
    )

    def took(recent: RecentKeys, *rows: object, sent: str = "20240102T000000") -> dict[str, int]:
        station.lands("strokes", list(rows), sent=sent)  # type: ignore[arg-type]
        station.refine(layers=["bronze"])
        newest = log.last_write(edge.bronze, POSITION)
        assert newest is not None
        version = newest.version
        held = pa.concat_tables(pq.read_table(file) for file in version_files(edge.bronze, version))
        progress = Progress(all_of(version), began=0)
        return take_in_memory(edge, station.spark, held, progress, recent).counts

    took.edge = edge  # type: ignore[attr-defined]
    return took


def test_rows_pass_or_are_rejected_or_counted_as_duplicates(takes, station: PumpStation) -> None:
    recent = RecentKeys()
    rows = [stroke(1), stroke(1), stroke(2), stroke(3, bar=-4), stroke(4, pump_id="P9"), '{"stro']
    assert takes(recent, *rows) == {"written": 2, "rejected": 3, "duplicates": 1}
    reasons = {row["stroke_id"]: row["_reasons"] for row in station.rejected("strokes").collect()}
    assert reasons == {
        "K3": ["bar is impossible"],
        "K4": ["pump_id refers to nothing"],
        None: ["malformed line"],
    }
    assert takes(recent, stroke(2), stroke(5), sent="20240103T000000") == {
        "written": 1,
        "rejected": 0,
        "duplicates": 1,
    }
    stored = station.table("silver", "strokes")
    assert sorted(row.stroke_id for row in stored.collect()) == ["K1", "K2", "K5"]
    assert not [name for name in stored.columns if name in ("_hash", "_reasons", "_raw", "_source")]


def test_who_knows_nothing_yet_finds_what_is_stored(takes) -> None:
    takes(RecentKeys(), stroke(1), stroke(30))
    again = takes(RecentKeys(), stroke(1), stroke(2), stroke(30), stroke(31), sent="20240103T000000")
    assert again == {"written": 2, "rejected": 0, "duplicates": 2}


def test_a_row_of_a_time_that_was_forgotten_is_looked_up(takes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headrace.writes.key_cache.MANY", 1000)
    recent = RecentKeys(most=1)
    for minute in (1, 20, 40):
        takes(recent, stroke(minute))
    many = [stroke(41, stroke_id=f"M{number}") for number in range(60)]
    found = takes(recent, stroke(1), stroke(2), *many, sent="20240103T000000")
    assert found == {"written": 61, "rejected": 0, "duplicates": 1}


def test_a_batch_run_goes_on_from_where_memory_left_off(takes, station: PumpStation) -> None:
    takes(RecentKeys(), stroke(1))
    station.lands("strokes", [stroke(1), stroke(2)], sent="20240103T000000")
    station.refine(layers=["bronze"])
    (entry,) = run_edge(lambda: station.spark, takes.edge)
    assert entry.counts == {"written": 1, "rejected": 0, "duplicates": 1}


def test_a_column_that_judging_makes_anew_is_told_from_one_that_it_leaves(spark: SparkSession) -> None:
    rows = spark.createDataFrame([("P1", 4.0)], "pump string, bar double")
    pumps = spark.createDataFrame([("P1", 9.0)], "pump string, most double")
    joined = rows.join(F.broadcast(pumps), "pump", "left").select("*", (F.col("bar") > 5).alias("is_high"))
    assert leaves(joined, ["pump", "bar"], rows)
    changed = joined.withColumn("bar", F.round("bar"))
    assert leaves(changed, ["pump"], rows)
    assert not leaves(changed, ["pump", "bar"], rows)
