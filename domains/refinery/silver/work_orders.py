"""Work orders as last updated, with the unit that they are for."""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Upsert, rejected_when, with_parent, with_version_at

TABLE = Table(
    key="work_order_id",
    event_time="updated_at",
    write=Upsert(order="updated_at"),
    description="Repairs and planned services with their times, cause and cost.",
)


def work_orders(
    bronze_work_orders: DataFrame, processing_units: DataFrame, refineries: DataFrame
) -> DataFrame:
    unit = ("unit_name", "unit_type", "unit_subtype")
    opened, started, finished = (F.unix_seconds(f"{step}_at") for step in ("opened", "started", "finished"))
    backwards = (started < opened) | (finished < F.coalesce(started, opened))
    is_early = F.col("cause_found").isNotNull() & finished.isNull()
    return (
        bronze_work_orders.transform(
            with_version_at, processing_units, on="unit_id", at="updated_at", take=unit
        )
        .transform(with_parent, refineries, on="refinery_id", take=["refinery_name"])
        .transform(rejected_when("its steps are out of order", backwards))
        .transform(rejected_when("tells a cause before it is finished", is_early))
        .select(
            "*",
            ((started - opened) / 3600).alias("waiting_hours"),
            ((finished - opened) / 3600).alias("open_hours"),
        )
    )
