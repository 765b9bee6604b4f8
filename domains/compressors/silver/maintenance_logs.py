"""Jobs of the crews, the newest word on each."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Append, Table, rejected_when, with_parent

TABLE = Table(
    key="log_id",
    event_time="completed_at",
    write=Append(),
    description="Services, repairs and exchanged instruments, with their cost.",
)


def maintenance_logs(bronze_maintenance_logs: DataFrame, compressor_metadata: DataFrame) -> DataFrame:
    machines = compressor_metadata.select("compressor_id").distinct()
    return (
        bronze_maintenance_logs.transform(with_parent, machines, on="compressor_id")
        .transform(
            rejected_when("completed before it was started", F.col("completed_at") < F.col("started_at"))
        )
        .withColumn("downtime_hours", (F.unix_seconds("completed_at") - F.unix_seconds("started_at")) / 3600)
    )
