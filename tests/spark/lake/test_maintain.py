from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.compaction import Compacted, compact
from headrace.lake.delta_rs import live_files
from headrace.lake.lease import leased
from headrace.lake.ledger import Published
from headrace.operate.maintain import _is_ahead, retention
from headrace.settings import Settings

DAY = datetime(2024, 1, 1)
ORDER = ("sensor_id", "read_at")


@pytest.fixture
def readings(tmp_path: Path) -> str:
    return str(tmp_path / "readings")


def append(
    spark: SparkSession, path: str, *, days: int = 1, partitioned: bool = False, files: int = 1
) -> None:
    rows = spark.range(240 * days).select(
        F.format_string("S-%02d", F.col("id") % 5).alias("sensor_id"),
        (F.lit(DAY) + F.make_dt_interval(mins=F.col("id").cast("int") * 6)).alias("read_at"),
        F.round(F.rand(1), 2).alias("value"),
    )
    rows = rows.withColumn("read_on", F.to_date("read_at")).orderBy(F.rand(2)).coalesce(files)
    writer = rows.write.format("delta").mode("append")
    (writer.partitionBy("read_on") if partitioned else writer).save(path)


def run(path: str, *cluster: str, hours: int = 168, **limits: int) -> Compacted:
    with leased([f"{path}-lease"], job="test", seconds=60) as lease:
        return compact(path, cluster, hours=hours, lease=lease, **limits)


def test_sorting_keeps_the_rows_and_says_that_none_changed(spark, readings):
    append(spark, readings, files=4)
    before = spark.read.format("delta").load(readings).orderBy("read_at").collect()

    done = run(readings, *ORDER)

    after = spark.read.format("delta").load(readings)
    assert after.orderBy("read_at").collect() == before
    assert done.action == "sorted"
    assert not log.commit(readings, log.version(readings)).changes_rows
    assert [row.sensor_id for row in after.collect()] == sorted(row.sensor_id for row in before)


def test_a_second_run_finds_nothing_to_do(spark, readings):
    append(spark, readings, files=4)
    run(readings, *ORDER)
    version = log.version(readings)

    done = run(readings, *ORDER)

    assert done.action == "nothing"
    assert log.version(readings) == version


def test_only_partitions_with_new_files_are_rewritten(spark, readings):
    append(spark, readings, days=3, partitioned=True)
    run(readings, *ORDER)
    kept = {file.path for file in live_files(readings) if file.partition != "2024-01-01"}
    append(spark, readings, days=1, partitioned=True)

    done = run(readings, *ORDER)

    files = live_files(readings)
    assert done.action == "sorted"
    assert {file.path for file in files if file.partition != "2024-01-01"} == kept
    assert sum(file.rows for file in files) == 4 * 240


def test_a_whole_table_waits_until_a_quarter_of_it_is_new(spark, readings):
    append(spark, readings, days=30)
    run(readings, *ORDER)
    append(spark, readings, days=1)

    assert run(readings, *ORDER).action == "nothing"

    append(spark, readings, days=30)
    assert run(readings, *ORDER).action == "sorted"


def test_many_small_files_of_an_unsorted_table_are_compacted(spark, readings):
    for _ in range(3):
        append(spark, readings)

    done = run(readings, least_files=3)

    assert (done.action, done.files_after) == ("compacted", 1)


def test_a_small_table_is_left_alone(spark, readings):
    append(spark, readings, files=4)

    assert run(readings, *ORDER, least_bytes=10_000_000).action == "nothing"


def test_a_stream_does_not_see_sorted_rows_again(spark, readings, tmp_path):
    seen = str(tmp_path / "seen")

    def drain() -> None:
        stream = spark.readStream.format("delta").load(readings).writeStream.format("delta")
        stream.option("checkpointLocation", f"{seen}-c").trigger(availableNow=True).start(
            seen
        ).awaitTermination()

    append(spark, readings)
    drain()
    run(readings, *ORDER)
    drain()

    assert spark.read.format("delta").load(seen).count() == 240


def test_vacuum_removes_what_is_older_than_asked(spark, readings):
    append(spark, readings)

    kept = run(readings, *ORDER)
    gone = run(readings, *ORDER, hours=0)

    assert (kept.vacuumed_files, gone.vacuumed_files) == (0, 1)
    assert spark.read.format("delta").load(readings).count() == 240


def test_less_than_a_week_must_be_asked_for(settings):
    with pytest.raises(UsageError, match="less than a week"):
        retention(1, settings)


def test_settings_never_go_below_a_week(tmp_path):
    settings = Settings(home=tmp_path, vacuum_hours=1)

    assert timedelta(hours=retention(None, settings)) == timedelta(days=7)


def test_rows_that_have_not_passed_a_scan_keep_maintenance_away(spark, readings):
    append(spark, readings)
    assert not _is_ahead(readings, Published(version=0))

    run(readings, *ORDER)
    assert not _is_ahead(readings, Published(version=0))

    append(spark, readings)
    assert _is_ahead(readings, Published(version=0))
