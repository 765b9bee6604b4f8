"""What models of failures learn from and judge by: the signs of wear of each machine that runs, once an hour.

An hour is told by its first reading, in its first ten minutes, so that it stays as it is when the rest of it comes; one
without that reading is left out, and so is a machine that stands. Sums begin a fortnight before (`wear`).
"""

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from domains.compressors.gold.sensor_features import BUCKETS, in_batches
from domains.compressors.wear import FEATURES, OF_READINGS, wear
from headrace.tables import Replace, Table

TABLE = Table(
    key=("compressor_id", "timestamp"),
    partition="reading_date",
    cluster=("compressor_id", "timestamp"),
    write=Replace(follows={"sensor_features": "reading_date"}, looks_back={"sensor_features": 14}),
    description="Signs of wear of each machine that runs, once an hour, from the last fortnight alone.",
)

TAKEN = ("compressor_id", "timestamp", "reading_date", "is_running", "ambient_temp_f", *OF_READINGS)
MADE = pa.schema(
    [
        ("compressor_id", pa.string()),
        ("timestamp", pa.timestamp("us", "UTC")),
        ("reading_date", pa.date32()),
        *((name, pa.float32()) for name in FEATURES),
    ]
)


def wear_features(sensor_features: DataFrame) -> DataFrame:
    bucket = F.pmod(F.xxhash64("compressor_id"), F.lit(BUCKETS)).alias("_bucket")
    return (
        sensor_features.where(F.minute("timestamp") < 10)
        .select(*TAKEN, bucket)
        .groupBy("_bucket")
        .applyInArrow(wear_of, from_arrow_schema(MADE))
    )


def wear_of(rows: pa.Table) -> pa.Table:
    """Of all machines of a bucket."""
    rows = rows.sort_by([("compressor_id", "ascending"), ("timestamp", "ascending")])
    seconds = rows["timestamp"].cast(pa.int64()).to_numpy() // 1_000_000
    frame = rows.drop_columns(["timestamp", "reading_date"]).to_pandas()
    frame["is_running"] = frame["is_running"].fillna(False).astype(bool)
    frame["hour"] = seconds / 3600.0
    made = wear(frame)
    columns = {name: rows[name] for name in ("compressor_id", "timestamp", "reading_date")}
    columns |= {name: pa.array(made[name].to_numpy(), pa.float32(), from_pandas=True) for name in FEATURES}
    table = pa.table({field.name: columns[field.name] for field in MADE}, schema=MADE)
    return in_batches(table.filter(pa.array(frame["is_running"].to_numpy())))
