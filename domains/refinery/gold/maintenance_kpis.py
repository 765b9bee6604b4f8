"""How units fail, how long repairs take, and what is planned: by refinery and type of unit, over half a year.

The half year ends with the run, and begins with the first order that is known where that is later. A unit runs from
failure to failure, so the mean time between failures is the days of all units of the type over their failures, and
unknown where none failed. A repair lasts from the order to its end, since the unit stands from the one to the other.
"""

from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, count_of, instant, only_at, share

TABLE = Table(
    key=("refinery_id", "unit_type"),
    write=Whole(),
    description="Failures, repairs, backlog, planned share and cost of maintenance by refinery and type of unit.",
)

DAYS, OVERDUE_DAYS = 180, 21
KEYS = ["refinery_id", "unit_type"]


def maintenance_kpis(
    work_orders: DataFrame, processing_units: DataFrame, refineries: DataFrame, as_of: datetime
) -> DataFrame:
    known = as_known_at(work_orders, as_of)
    earliest = F.lit(as_of - timedelta(days=DAYS))
    span = known.agg(F.greatest(earliest.cast("timestamp"), F.min("opened_at")).alias("_since"))
    days = F.greatest((F.unix_seconds(instant(as_of)) - F.unix_seconds("_since")) / 86_400, F.lit(1.0))
    units = (
        processing_units.transform(only_at, as_of)
        .where("is_active")
        .join(
            F.broadcast(refineries.where("is_active").select("refinery_id", "refinery_name")),
            on="refinery_id",
            how="inner",
        )
        .groupBy(*KEYS, "refinery_name")
        .agg(F.count("*").alias("units"))
    )
    found = units.join(kpis_of(known, as_of), on=KEYS, how="left").crossJoin(F.broadcast(span))
    counts = ("failures", "services", "finished_orders", "backlog", "backlog_repairs", "backlog_overdue")
    totals = {name: F.coalesce(name, F.lit(0)) for name in counts}
    return found.withColumns(totals | {"cost_usd": F.coalesce("cost_usd", F.lit(0.0)), "_days": days}).select(
        *KEYS,
        *("refinery_name", "units", F.col("_days").alias("days"), "failures", "services"),
        share(F.col("units") * F.col("_days"), F.col("failures")).alias("mtbf_days"),
        *("mttr_hours", "mean_waiting_hours"),
        share(F.col("services"), F.col("finished_orders")).alias("planned_share"),
        *("finished_orders", "backlog", "backlog_repairs", "backlog_overdue", "cost_usd", "repair_cost_usd"),
        share(F.col("cost_usd"), F.col("units") * F.col("_days")).alias("cost_per_unit_day"),
        *("last_failure_at", "main_cause"),
    )


def as_known_at(work_orders: DataFrame, as_of: datetime) -> DataFrame:
    """Orders that were open by then; what happened later had not happened."""
    by_then = {
        name: F.when(F.col(name) <= instant(as_of), F.col(name)) for name in ("started_at", "finished_at")
    }
    return work_orders.where(F.col("opened_at") <= instant(as_of)).withColumns(by_then)


def kpis_of(known: DataFrame, as_of: datetime) -> DataFrame:
    opened, finished = F.col("opened_at"), F.col("finished_at")
    since = instant(as_of - timedelta(days=DAYS))
    is_repair = F.col("kind") == "CORRECTIVE"
    is_done, is_open = finished >= since, finished.isNull()
    overdue = opened < instant(as_of - timedelta(days=OVERDUE_DAYS))
    cause = F.when(is_repair & is_done & (F.col("cause_found") != "Not found"), F.col("cause_found"))

    def mean_of_repairs(hours: str) -> Column:
        return F.avg(F.when(is_repair & is_done, F.col(hours)))

    return known.groupBy(*KEYS).agg(
        count_of(is_repair & (opened >= since)).alias("failures"),
        count_of(~is_repair & is_done).alias("services"),
        count_of(is_done).alias("finished_orders"),
        mean_of_repairs("open_hours").alias("mttr_hours"),
        mean_of_repairs("waiting_hours").alias("mean_waiting_hours"),
        count_of(is_open).alias("backlog"),
        count_of(is_open & is_repair).alias("backlog_repairs"),
        count_of(is_open & overdue).alias("backlog_overdue"),
        F.sum(F.when(is_done, F.col("cost_usd"))).alias("cost_usd"),
        F.coalesce(F.sum(F.when(is_done & is_repair, F.col("cost_usd"))), F.lit(0.0)).alias(
            "repair_cost_usd"
        ),
        F.max(F.when(is_repair, opened)).alias("last_failure_at"),
        F.mode(cause, deterministic=True).alias("main_cause"),
    )
