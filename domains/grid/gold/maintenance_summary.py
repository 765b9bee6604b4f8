"""What maintenance cost and how long it took, by region and kind of work, over half a year; and what is still open,
however old. What crews did since their last export is not known yet: `exported_until` is its last day.
"""

from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, count_of

TABLE = Table(
    key=("region", "maintenance_type"),
    write=Whole(),
    description="Jobs, cost, time to repair, downtime and backlog of maintenance by region and kind of work.",
)

DAYS, OVERDUE_DAYS = 182, 14


def maintenance_summary(maintenance_logs: DataFrame, as_of: datetime) -> DataFrame:
    today = F.lit(as_of.date())
    is_recent = F.col("reported_date") > F.date_sub(today, DAYS)
    is_still_open = F.coalesce(F.col("completed_date") > today, F.lit(True))
    known = maintenance_logs.where((F.col("reported_date") <= today) & (is_recent | is_still_open))
    completed = F.when(F.col("completed_date") <= today, F.col("completed_date"))
    is_done, is_open = completed.isNotNull(), completed.isNull()
    overdue = is_open & (F.col("scheduled_date") < F.date_sub(today, OVERDUE_DAYS))
    cause = F.when(is_done & (F.col("root_cause") != "Unknown"), F.col("root_cause"))
    return known.groupBy("region", "maintenance_type").agg(
        F.count("*").alias("jobs"),
        count_of(is_done).alias("finished_jobs"),
        count_of(is_open).alias("backlog"),
        count_of(overdue).alias("backlog_overdue"),
        F.sum(F.when(is_done, F.col("cost_inr"))).alias("cost_inr"),
        F.avg(F.when(is_done, F.col("hours_spent"))).alias("mean_hours_to_repair"),
        F.avg(F.when(is_done, F.datediff(completed, "reported_date"))).alias("mean_days_open"),
        F.avg(F.when(is_done, F.col("downtime_hours"))).alias("mean_downtime_hours"),
        F.countDistinct("transformer_id").alias("transformers"),
        F.max(F.greatest("reported_date", completed)).alias("exported_until"),
        F.max(F.when(is_open, F.datediff(today, "reported_date"))).alias("oldest_open_days"),
        F.mode(cause, deterministic=True).alias("main_cause"),
    )
