"""What each oil sample tells: how much gas there is, how fast it grows, and of which fault it speaks.

The kind of fault is told only where a gas that faults make is above what IEEE C57.104 calls usual: below that, the
gases of ageing lie in some zone of the triangle, too, and mean nothing.
"""

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from domains.grid.dissolved_gas import (
    COMBUSTIBLE,
    combustible_ppm,
    duval_zone,
    gas_condition,
    is_above_usual,
    rogers_case,
)
from headrace.tables import Table, Whole, share

TABLE = Table(
    key="sample_id",
    write=Whole(),
    description="Condition, growth of gas and fault by Duval and by Rogers of each oil sample.",
)

LONGEST_DAYS = 200
"""From samples further apart nobody tells how fast gas grows."""


def gas_diagnoses(gas_analyses: DataFrame) -> DataFrame:
    in_order = Window.partitionBy("transformer_id").orderBy("sampled_at", "sample_id")
    known = gas_analyses.select(
        *("sample_id", "transformer_id", "sampled_at", "reported_date", "laboratory", "reason"),
        *(*COMBUSTIBLE, "carbon_dioxide_ppm"),
        F.expr(combustible_ppm()).alias("combustible_ppm"),
        F.expr(gas_condition()).alias("gas_condition"),
        F.expr(is_above_usual()).alias("tells_of_fault"),
    )
    beside_last = known.select(
        "*",
        F.lag("combustible_ppm").over(in_order).alias("_before"),
        (F.unix_timestamp("sampled_at") - F.unix_timestamp(F.lag("sampled_at").over(in_order))).alias(
            "_seconds"
        ),
        F.lead("sample_id").over(in_order).isNull().alias("is_last"),
    ).withColumn("days_since_sample", F.col("_seconds") / 86_400)
    grown = share(F.col("combustible_ppm") - F.col("_before"), F.col("days_since_sample"))
    return beside_last.select(
        *known.columns,
        "days_since_sample",
        F.when(F.col("days_since_sample") <= LONGEST_DAYS, grown).alias("combustible_ppm_a_day"),
        F.when(F.col("tells_of_fault"), F.expr(duval_zone())).alias("fault_by_duval"),
        F.when(F.col("tells_of_fault"), F.expr(rogers_case())).alias("fault_by_rogers"),
        "is_last",
    )
