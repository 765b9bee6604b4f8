"""What transformers' devices send, with the transformer as it was then."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from domains.grid.local_time import local_day
from headrace.tables import Append, Table, with_version_at

TABLE = Table(
    key="telemetry_id",
    event_time="timestamp",
    partition="telemetry_date",
    cluster=("transformer_id", "timestamp"),
    write=Append(),
    description="Quarter-hours of each transformer: load, temperatures, gas, breaker and alarms.",
)


def substation_telemetry(bronze_substation_telemetry: DataFrame, transformer_master: DataFrame) -> DataFrame:
    transformer = (
        *("capacity_kva", "voltage_class", "cooling_type", "criticality_tier", "customers_served"),
        F.col("status").alias("transformer_status"),
        F.col("substation_id").alias("_home"),
    )
    return (
        bronze_substation_telemetry.transform(
            with_version_at,
            transformer_master,
            on="transformer_id",
            at="timestamp",
            take=transformer,
            names=RECORDS,
        )
        .select(
            "*",
            (F.col("substation_id") == F.col("_home")).alias("is_its_substation"),
            (F.col("oil_temperature_c") - F.col("ambient_temperature_c")).alias("oil_rise_k"),
            local_day("timestamp").alias("telemetry_date"),
        )
        .drop("_home")
    )
