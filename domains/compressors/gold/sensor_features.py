"""Features of each reading for models and alarms: what the last hour, four hours and day say, never what comes later.

A signal that jumps alone is damped before it enters a window, and flagged (`features`); what the instrument said
stays in silver. A day is made of its own readings and those of three days before: a window of a day, over values that
were judged by the day before them, of which the spikes were told by a day before that.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.compressors.features import (
    SCALE,
    WINDOWS,
    Readings,
    change_over_an_hour,
    damped,
    window_features,
)
from domains.compressors.signals import LIMITED, SIGNALS, status_of
from headrace.tables import Replace, Table

TABLE = Table(
    key=("compressor_id", "timestamp"),
    partition="reading_date",
    cluster=("compressor_id", "timestamp"),
    write=Replace(follows={"sensor_readings": "reading_date"}, looks_back={"sensor_readings": 3}),
    description="Each reading with means, deviations and maxima of the last 1, 4 and 24 hours of each signal.",
)

STATISTICS = tuple(f"{window}_{kind}" for window in WINDOWS for kind in ("mean", "std", "max"))
TAKEN = ("compressor_id", "timestamp", "reading_date", "is_running", "ambient_temp_f", *SIGNALS.values())
MADE = pa.schema(
    [
        ("compressor_id", pa.string()),
        ("timestamp", pa.timestamp("us", "UTC")),
        ("reading_date", pa.date32()),
        ("is_running", pa.bool_()),
        *((name, pa.float64()) for name in (*SIGNALS.values(), "ambient_temp_f")),
        *((f"{name}_is_spike", pa.bool_()) for name in SIGNALS),
        *((f"{name}_{statistic}", pa.float32()) for name in SIGNALS for statistic in STATISTICS),
        *((f"{name}_1hr_delta", pa.float32()) for name in SIGNALS),
    ]
)
BUCKETS, ROWS_AT_ONCE = 64, 10_000
"""Into how many parts machines are cut, and how many rows go back to Java at once: they come into its heap as they are
sent, and 440,000 of 75 columns at once ended it."""
SCALES = {"power": 10, "flow": 10}
"""Parts of a unit that an instrument tells, where these are not SCALE."""


def sensor_features(sensor_readings: DataFrame) -> DataFrame:
    bucket = F.pmod(F.xxhash64("compressor_id"), F.lit(BUCKETS)).alias("_bucket")
    made = (
        sensor_readings.select(*TAKEN, bucket)
        .groupBy("_bucket")
        .applyInArrow(features_of, from_arrow_schema(MADE))
    )
    day = F.dayofweek("timestamp")
    return made.select(
        "*",
        (F.col("discharge_pressure_psi") - F.col("suction_pressure_psi")).alias("pressure_differential"),
        *(
            F.when(~F.col(f"{name}_is_spike"), status_of(signal)).alias(f"{name}_status")
            for name, signal in LIMITED.items()
        ),
        F.hour("timestamp").alias("hour_of_day"),
        (F.pmod(day + 5, F.lit(7))).alias("day_of_week"),
        day.isin(1, 7).alias("is_weekend"),
    )


def features_of(rows: pa.Table) -> pa.Table:
    """Of all machines of a bucket."""
    rows = rows.sort_by([("compressor_id", "ascending"), ("timestamp", "ascending")])
    machine = rows["compressor_id"].combine_chunks().dictionary_encode().indices.to_numpy()
    second = rows["timestamp"].cast(pa.int64()).to_numpy() // 1_000_000
    running = rows["is_running"].combine_chunks().fill_null(False).to_numpy(zero_copy_only=False)
    readings = Readings(machine, second, running)
    made: dict[str, Any] = {name: rows[name] for name in TAKEN}
    for name, signal in SIGNALS.items():
        scale = SCALES.get(name, SCALE)
        values, made[f"{name}_is_spike"] = damped(
            readings, np.round(rows[signal].to_numpy() * scale) / scale, scale
        )
        made[signal] = _numbers(values, pa.float64())
        statistics = window_features(readings, values, scale)
        made |= {f"{name}_{each}": _numbers(array, pa.float32()) for each, array in statistics.items()}
        made[f"{name}_1hr_delta"] = _numbers(change_over_an_hour(readings, values), pa.float32())
    return in_batches(pa.table({field.name: made[field.name] for field in MADE}, schema=MADE))


def in_batches(rows: pa.Table) -> pa.Table:
    """The same rows, in batches of ROWS_AT_ONCE at most."""
    return pa.Table.from_batches(rows.combine_chunks().to_batches(ROWS_AT_ONCE), rows.schema)


def _numbers(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    return pa.array(values, kind, mask=np.isnan(values))
