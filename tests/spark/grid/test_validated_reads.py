import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from domains.grid.estimation import METHODS
from domains.grid.gold.validated_reads import FINAL, OF_ESTIMATE, READS, TABLE, half_hours_of, validated_reads
from domains.grid.local_time import local_day_before
from tests.unit.grid_validation.population import population

FIRST, LAST = dt.date(2026, 3, 1), dt.date(2026, 3, 20)
GAP_DAY = dt.date(2026, 3, 18)


@pytest.fixture(scope="module")
def readings(spark):
    """Six meters over twenty days, as silver has them."""
    series, _ = population(6, FIRST, LAST, seed=21)
    meters, slots = series.kwh.shape
    ends = np.tile(series.begin + 1800, meters)
    rows = pa.table(
        {
            "meter_id": [f"SM-{each}" for each in np.repeat(np.arange(meters), slots)],
            "timestamp": pa.array(ends * 1_000_000, pa.timestamp("us", "UTC")),
            "reading_kwh": series.kwh.reshape(-1),
        }
    )
    constants = {
        "customer_id": F.regexp_replace("meter_id", "SM", "CUST"),
        "tariff_category": F.lit("DOMESTIC"),
        "account_status": F.lit("ACTIVE"),
        "sanctioned_load_kw": F.lit(20).cast("long"),
        "reading_date": local_day_before("timestamp"),
    }
    return spark.createDataFrame(rows).withColumns(constants).cache()


OF_FILES = (
    "meter_id string, channel string, interval_begin timestamp, minutes int, kwh double, quality string, "
    "method string, reason string, customer_id string, tariff_category string, sanctioned_load_kw long, "
    "account_status string"
)


@pytest.fixture(scope="module")
def no_files(spark):
    return spark.createDataFrame([], OF_FILES)


@pytest.fixture(scope="module")
def no_registers(spark):
    return spark.createDataFrame(
        [], "meter_id string, read_at timestamp, reading_date date, register_kwh double"
    )


def test_half_hours_are_made_of_the_intervals_of_files(spark):
    customer = ("C", "DOMESTIC", 20, "ACTIVE")

    def read(meter, channel, minute, minutes, kwh, quality="MEASURED", method=None):
        begin = dt.datetime(2026, 3, 2, 4) + dt.timedelta(minutes=minute)
        return (meter, channel, begin, minutes, kwh, quality, method, method and "76", *customer)

    reads = [
        read("QUARTERS", "E1", 0, 15, 0.1),
        read("QUARTERS", "E1", 15, 15, 0.2, "ESTIMATED", "like_day"),
        read("QUARTERS", "E1", 30, 15, 0.3),  # its other quarter is missing
        read("QUARTERS", "E1", 45, 15, 0.4, "MISSING"),
        read("CHANNELS", "E1", 0, 30, 0.5),
        read("CHANNELS", "E2", 0, 30, 0.25),
        read("CHANNELS", "B1", 0, 30, 9.0),  # given back
        read("CHANNELS", "Q1", 0, 30, None),  # reactive
        read("HOURS", "import", 0, 60, 1.5),
        read("HOURS", "export", 0, 60, 9.0),
    ]
    made = half_hours_of(spark.createDataFrame(reads, OF_FILES)).collect()
    found = {
        (row.meter_id, row.timestamp.minute): (
            row.reading_kwh,
            row._rank,
            row._minutes,
            row._method,
            row._reason,
        )
        for row in made
    }
    assert found == {
        ("QUARTERS", 30): (pytest.approx(0.3), OF_ESTIMATE, 30, "like_day", "file: estimated 76"),
        ("CHANNELS", 30): (0.75, FINAL, 30, None, None),
        ("HOURS", 30): (0.75, FINAL, 60, None, None),
        ("HOURS", 0): (0.75, FINAL, 60, None, None),
    }
    assert {row.reading_date for row in made} == {dt.date(2026, 3, 2)}


def test_each_half_hour_is_there_once_and_a_late_read_replaces_its_estimate(readings, no_files, no_registers):
    gap = F.expr(f"meter_id = 'SM-2' and reading_date = DATE'{GAP_DAY}' and hour(timestamp) = 5")
    made = validated_reads(readings.where(~gap), no_files, no_registers).toArrow()
    assert made.column_names == READS.names
    assert made.num_rows == made.group_by(list(TABLE.keys)).aggregate([]).num_rows == 6 * 20 * 48
    estimated = [row for row in made.to_pylist() if row["state"] == "ESTIMATED"]
    assert [row["meter_id"] for row in estimated] == ["SM-2"] * 2
    assert {(row["reading_date"], row["method"] in METHODS, row["measured_kwh"]) for row in estimated} == {
        (GAP_DAY, True, None)
    }

    late = validated_reads(readings, no_files, no_registers)
    sent = readings.select("meter_id", F.col("timestamp").alias("interval_end"), "reading_kwh")
    both = late.join(sent, on=["meter_id", "interval_end"], how="left")
    assert both.where("state = 'MEASURED' and kwh = reading_kwh").count() == late.count() == 6 * 20 * 48
