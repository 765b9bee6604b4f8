import datetime as dt

import numpy as np
import pyarrow as pa
import pytest
from pyspark.sql import functions as F

from domains.grid.estimation import METHODS
from domains.grid.gold.validated_reads import READS, TABLE, validated_reads
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


def test_each_half_hour_is_there_once_and_a_late_read_replaces_its_estimate(readings):
    gap = F.expr(f"meter_id = 'SM-2' and reading_date = DATE'{GAP_DAY}' and hour(timestamp) = 5")
    made = validated_reads(readings.where(~gap)).toArrow()
    assert made.column_names == READS.names
    assert made.num_rows == made.group_by(list(TABLE.keys)).aggregate([]).num_rows == 6 * 20 * 48
    estimated = [row for row in made.to_pylist() if row["state"] == "ESTIMATED"]
    assert [row["meter_id"] for row in estimated] == ["SM-2"] * 2
    assert {(row["reading_date"], row["method"] in METHODS, row["measured_kwh"]) for row in estimated} == {
        (GAP_DAY, True, None)
    }

    late = validated_reads(readings)
    sent = readings.select("meter_id", F.col("timestamp").alias("interval_end"), "reading_kwh")
    both = late.join(sent, on=["meter_id", "interval_end"], how="left")
    assert both.where("state = 'MEASURED' and kwh = reading_kwh").count() == late.count() == 6 * 20 * 48
