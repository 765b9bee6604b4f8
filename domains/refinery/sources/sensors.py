"""Sensors: a hundred to a unit. Only recalibration and a change of duty alter them after they are mounted."""

from pathlib import Path

import pandas as pd
from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.refinery.world.plant import id_of
from simulation.random_draws import World

KINDS = pd.read_csv(Path(__file__).parents[1] / "reference" / "sensor_kinds.csv")
LIMITS = ("min_value", "max_value", "warning_low", "warning_high", "critical_low", "critical_high")
SENSORS_PER_UNIT, UNITS_PER_REFINERY = 100, 10
DAY = 86_400
DUTY_DAYS = 90


def sensors(row_index: DataFrame, world: World) -> DataFrame:
    kinds = row_index.sparkSession.createDataFrame(
        KINDS.astype(dict.fromkeys(LIMITS, float)).assign(_kind=range(len(KINDS)))
    )
    unit = F.least(F.floor(F.col("_index") / SENSORS_PER_UNIT), F.lit(world.counts["processing_units"] - 1))
    refinery = F.least(F.floor(unit / UNITS_PER_REFINERY), F.lit(world.counts["refineries"] - 1))
    placed = row_index.select(
        "_index",
        "_at",
        id_of("SENS", F.col("_index"), 6).alias("sensor_id"),
        id_of("UNIT", unit, 5).alias("unit_id"),
        id_of("REF", refinery, 3).alias("refinery_id"),
        *("reading_interval_seconds", "manufacturer", "installation_date"),
        calibrated(world).alias("calibration_date"),
        is_on_duty(world).alias("is_active"),
        world.integer("sensor kind", "_index", low=0, high=len(KINDS) - 1).cast("long").alias("_kind"),
    )
    tag = F.concat(
        F.substring("sensor_type", 1, 4), F.lit("-"), F.lpad((F.col("_index") % 1000).cast("string"), 3, "0")
    )
    number = world.integer("sensor model", "_index", low=100, high=999).cast("string")
    return placed.join(F.broadcast(kinds), on="_kind", how="inner").select(
        *("_index", "_at", "sensor_id", "unit_id", "refinery_id"),
        tag.alias("sensor_name"),
        *("sensor_type", "measurement_unit", *LIMITS, "reading_interval_seconds", "manufacturer"),
        F.concat(F.substring("manufacturer", 1, 3), F.lit("-"), number).alias("model"),
        *("installation_date", "calibration_date", "is_active"),
    )


def days_since_anchor() -> Column:
    return F.datediff(F.to_date("_at"), F.lit("2020-01-01").cast("date"))


def calibrated(world: World) -> Column:
    """The last of its yearly calibrations; never before it was mounted."""
    due = world.integer("sensor calibration day", "_index", low=0, high=364)
    since = F.pmod(days_since_anchor() - due, F.lit(365))
    return F.greatest(F.date_sub(F.to_date("_at"), since), F.col("installation_date"))


def is_on_duty(world: World) -> Column:
    """Two in a hundred are switched off for a season."""
    season = F.floor(
        (days_since_anchor() + world.integer("sensor season", "_index", low=0, high=DUTY_DAYS - 1))
        / DUTY_DAYS
    )
    return ~world.happens("sensor off", "_index", season.cast("long"), rate=0.02)
