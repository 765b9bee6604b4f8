"""Files put in the place of others by a commit written here, as Spark, delta-rs and whoever follows the log see it."""

from datetime import datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable
from pyspark.sql import Row, SparkSession

from headrace.lake import log
from headrace.lake.files import live_files
from headrace.lake.gather import gather
from headrace.lake.rewrite import Rewritten, commit_rewrite, read_file, shape_of, write_file
from headrace.refine.arrivals import batches

SCHEMA = "key string, at timestamp, bar double, tags array<string>, more map<string, string>, day date"
BEGIN = datetime(2024, 1, 1)


def row(number: int) -> Row:
    at = BEGIN + timedelta(hours=number, microseconds=number)
    return Row(f"K{number}", at, number / 4, ["a"] if number % 2 else None, {"n": str(number)}, at.date())


@pytest.fixture
def table(spark: SparkSession, tmp_path: Path) -> str:
    """Four commits of three rows each over two days."""
    path = str(tmp_path / "table")
    for begin in range(0, 48, 12):
        rows = spark.createDataFrame([row(begin + more) for more in (0, 4, 8)], SCHEMA).coalesce(1)
        writer = rows.write.format("delta").mode("append").partitionBy("day")
        writer.option("delta.dataSkippingStatsColumns", "at,bar").save(path)
    return path


def rows_in_spark(spark: SparkSession, table: str) -> list[Row]:
    return sorted(spark.read.format("delta").load(table).collect(), key=lambda each: each["at"])


def test_joined_files_hold_the_same_rows_sorted_and_are_no_news_to_anybody(
    spark: SparkSession, table: str
) -> None:
    before, version = rows_in_spark(spark, table), log.version(table)
    (arrived,) = batches(table, None, 10**9)
    joined = gather(table, ("bar",), least=4)
    assert joined is not None
    assert commit_rewrite(joined, "OPTIMIZE", {"joined": 4}, keeps_rows=True) == version + 1
    assert len(live_files(table)) == 2
    assert rows_in_spark(spark, table) == before
    assert sorted(pa.table(DeltaTable(table).to_pyarrow_table())["key"].to_pylist()) == sorted(
        each["key"] for each in before
    )
    commit = log.commit(table, version + 1)
    assert commit is not None
    assert not commit.changes_rows
    assert [batch.files for batch in batches(table, arrived.progress, 10**9)] == [()]
    found = spark.read.format("delta").load(table).where("at > '2024-01-02 19:00:00'").collect()
    assert [each["key"] for each in found] == ["K44"]
    spark.createDataFrame([row(50)], SCHEMA).write.format("delta").mode("append").save(table)
    assert len(rows_in_spark(spark, table)) == 13
    spark.sql(f"DESCRIBE HISTORY delta.`{table}`").collect()
    stats = pa.table(DeltaTable(table).get_add_actions(flatten=True)).to_pylist()
    (first,) = [
        each for each in stats if each["num_records"] == 6 and str(each["partition.day"]) == "2024-01-01"
    ]
    assert (first["min.bar"], first["max.bar"]) == (0.0, 5.0)
    assert first["max.at"] >= BEGIN.replace(tzinfo=first["max.at"].tzinfo) + timedelta(
        hours=20, microseconds=20
    )


def test_a_file_without_some_of_its_rows_changes_its_day_and_adds_no_news(table: str) -> None:
    shape, (file, *_) = shape_of(table), live_files(table)
    (rows,) = read_file(shape, file)
    less = rows.filter(pc.not_equal(rows["key"], rows["key"][0]))
    done = Rewritten(table, (file,), (write_file(shape, [less], beside=file),), shape.partition)
    version = commit_rewrite(done, "DELETE", {}, keeps_rows=False)
    assert version is not None
    commit = log.commit(table, version)
    assert commit is not None
    assert commit.partitions("day") == {file.partition}
    assert (log.row_count(table), done.rows_gone) == (11, 1)
    assert commit_rewrite(done, "DELETE", {}, keeps_rows=False) is None
