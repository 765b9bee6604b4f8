"""Each transformer's day, as its device tells it: load, heat, gas, alarms, outages, and messages that were lost.

A device numbers its messages, so those that are missing between the first and the last of a day were lost.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Replace, Table, count_of

TABLE = Table(
    key=("transformer_id", "telemetry_date"),
    partition="telemetry_date",
    cluster=("transformer_id",),
    write=Replace(follows={"substation_telemetry": "telemetry_date"}),
    description="Load, heat, gas, alarms, outages and lost messages of each transformer and day.",
)

QUARTER_HOUR = 0.25
OVERHEATED_K, OVERLOADED = 60.0, 100.0
ALARMS = ("OVERLOAD", "OVERHEAT", "GAS_ALARM", "BREAKER_TRIP")


def transformer_days(substation_telemetry: DataFrame) -> DataFrame:
    at, load, alarm = F.col("timestamp"), F.col("load_mw"), F.col("alarm_code")
    is_closed = F.coalesce(F.col("breaker_status") == "CLOSED", F.lit(True))
    by_device = substation_telemetry.groupBy("transformer_id", "telemetry_date", "iot_device_id").agg(
        *(F.max_by(name, at).alias(name) for name in TRANSFORMER),
        F.max(at).alias("_last"),
        F.count("*").alias("messages"),
        F.greatest(
            F.max("sequence_number") - F.min("sequence_number") + 1 - F.count("sequence_number"), F.lit(0)
        ).alias("lost_messages"),
        F.sum(load).alias("_load"),
        F.sum(load * load).alias("_load_squared"),
        F.max("load_percentage").alias("max_load_percentage"),
        (QUARTER_HOUR * count_of(F.col("load_percentage") > OVERLOADED)).alias("overloaded_hours"),
        (QUARTER_HOUR * count_of(F.col("oil_rise_k") >= OVERHEATED_K)).alias("overheated_hours"),
        F.max("oil_temperature_c").alias("max_oil_temperature_c"),
        F.max("oil_rise_k").alias("max_oil_rise_k"),
        F.sum("oil_rise_k").alias("_rise"),
        F.sum("dissolved_gas_ppm").alias("_gas"),
        F.count("dissolved_gas_ppm").alias("_gases"),
        F.max("dissolved_gas_ppm").alias("max_gas_ppm"),
        *(count_of(alarm == name).alias(f"{name.lower()}_messages") for name in ALARMS),
        (QUARTER_HOUR * count_of(~is_closed)).alias("open_hours"),
    )
    sums = ("messages", "lost_messages", "overloaded_hours", "overheated_hours", "open_hours")
    alarms = tuple(f"{name.lower()}_messages" for name in ALARMS)
    highest = ("max_load_percentage", "max_oil_temperature_c", "max_oil_rise_k", "max_gas_ppm")
    return by_device.groupBy("transformer_id", "telemetry_date").agg(
        *(F.max_by(name, "_last").alias(name) for name in TRANSFORMER),
        *(F.sum(name).alias(name) for name in (*sums, *alarms)),
        *(F.max(name).alias(name) for name in highest),
        (F.sum("_load") / F.sum("messages")).alias("mean_load_mw"),
        (F.sum("_load_squared") / F.sum("messages")).alias("mean_load_mw_squared"),
        (F.sum("_rise") / F.sum("messages")).alias("mean_oil_rise_k"),
        (F.sum("_gas") / F.sum("_gases")).alias("mean_gas_ppm"),
        F.max("_last").alias("last_heard_at"),
    )


TRANSFORMER = (
    *("substation_id", "region", "state", "capacity_mw", "capacity_kva", "transformer_status"),
    *("criticality_tier", "customers_served", "is_its_substation"),
)
