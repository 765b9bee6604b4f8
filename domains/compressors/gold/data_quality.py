"""How good the readings of each station are, hour by hour: fresh, complete, consistent, accurate.

Fresh: the newest reading of the hour of each machine is no older than a quarter of an hour when the hour ends.
Complete: readings that came, of those that were due, and signals that are in them. Consistent: readings whose signals
go together: gas leaves at no less pressure than it comes, and there is no flow without power. Accurate: signals
within what an instrument of the kind shows, that did not jump alone.
"""

from functools import reduce
from operator import add

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.compressors.signals import SIGNALS
from headrace.tables import Replace, Table, count_of, only_current

TABLE = Table(
    key=("station_id", "hour_start"),
    partition="reading_date",
    cluster=("station_id", "hour_start"),
    write=Replace(follows={"sensor_features": "reading_date"}),
    description="Freshness, completeness, consistency and accuracy of each station's readings, hour by hour.",
)

DUE, FRESH_MINUTES = 6, 15
PLAUSIBLE = {
    "vibration_mms": (0, 25),
    "discharge_temp_f": (-20, 400),
    "suction_pressure_psi": (0, 600),
    "discharge_pressure_psi": (0, 1500),
    "horsepower_consumption": (0, 5000),
    "gas_flow_mcf": (0, 40_000),
}
LEAST_FLOW, LEAST_POWER = 100.0, 5.0  # of a machine that stands, instruments show a little


def data_quality(sensor_features: DataFrame, compressor_metadata: DataFrame) -> DataFrame:
    machines = compressor_metadata.transform(only_current).select("compressor_id", "station_id")
    of_station = machines.groupBy("station_id").agg(F.count("*").alias("machines"))
    ends = F.unix_seconds("hour_start") + 3600
    known = reduce(add, (F.col(name).isNotNull().cast("int") for name in SIGNALS.values()))
    right = reduce(add, (is_right(name, signal).cast("int") for name, signal in SIGNALS.items()))
    together = F.coalesce(F.col("pressure_differential") >= -5, F.lit(True)) & F.coalesce(
        (F.col("gas_flow_mcf") < LEAST_FLOW) | (F.col("horsepower_consumption") > LEAST_POWER), F.lit(True)
    )
    by_machine = (
        sensor_features.withColumn("hour_start", F.date_trunc("hour", "timestamp"))
        .groupBy("compressor_id", "reading_date", "hour_start")
        .agg(
            F.least(F.count("*"), F.lit(DUE)).alias("_came"),
            F.count("*").alias("_readings"),
            F.sum(known).alias("_known"),
            F.sum(right).alias("_right"),
            count_of(together).alias("_together"),
            F.max(F.unix_seconds("timestamp")).alias("_newest"),
        )
    )
    is_fresh = F.col("_newest") >= ends - 60 * FRESH_MINUTES
    heard = (
        by_machine.join(F.broadcast(machines), on="compressor_id")
        .groupBy("station_id", "reading_date", "hour_start")
        .agg(
            F.sum("_readings").alias("readings"),
            count_of(is_fresh).alias("_fresh"),
            *(F.sum(name).alias(name) for name in ("_came", "_known", "_right", "_together")),
        )
    )
    hours = by_machine.select(
        "reading_date", "hour_start"
    ).distinct()  # a station may be silent while others are heard
    of_all = hours.crossJoin(F.broadcast(of_station)).join(
        heard, on=["station_id", "reading_date", "hour_start"], how="left"
    )
    known_share = F.col("_known") / (len(SIGNALS) * F.col("readings"))
    return of_all.select(
        *("station_id", "reading_date", "hour_start", "machines"),
        F.coalesce("readings", F.lit(0)).alias("readings"),
        (F.coalesce("_fresh", F.lit(0)) / F.col("machines")).alias("freshness"),
        F.coalesce(F.col("_came") / (DUE * F.col("machines")) * known_share, F.lit(0.0)).alias(
            "completeness"
        ),
        (F.col("_together") / F.col("readings")).alias("consistency"),
        (F.col("_right") / F.nullif("_known", F.lit(0))).alias("accuracy"),
    )


def is_right(name: str, signal: str) -> Column:
    low, high = PLAUSIBLE[signal]
    return F.coalesce(F.col(signal).between(low, high) & ~F.col(f"{name}_is_spike"), F.lit(False))
