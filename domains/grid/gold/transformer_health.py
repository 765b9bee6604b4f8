"""How each transformer stands, the worst first by `risk_score`: its load, heat, gas, age and care over 30 days.

Each part is a number from 0 (nothing to see) to 1 (as bad as it gets), and what remains of health is what all of them
leave: a transformer that is bad in one part is at risk, whatever the others say. The score ranks; it is no probability.
Gas is judged by how fast it grows as well as by how much there is (IEEE C57.104: 10 ppm a day call for a closer look),
and by the last oil sample, if it is of the last two months and nobody has worked on the transformer since.
"""

from datetime import datetime, timedelta
from functools import reduce
from operator import mul

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from headrace.tables import Table, Whole, instant, only_at, share

TABLE = Table(
    key="transformer_id",
    write=Whole(),
    description="Risk of failure of each transformer with its parts: load, heat, gas, trips, condition, age and care.",
)

DAYS = 30
GAS_PPM, GAS_PPM_A_DAY = (150.0, 720.0), (2.0, 10.0)
SAMPLE_DAYS, OF_CONDITION = 60, {2: 0.6, 3: 0.85, 4: 1.0}
WEIGHTS = {
    "gas": 0.9,
    "heat": 0.6,
    "load": 0.5,
    "trips": 0.5,
    "condition": 0.5,
    "age": 0.3,
    "care": 0.3,
}
HIGH, MEDIUM = 0.7, 0.45


def transformer_health(
    transformer_days: DataFrame,
    interruptions: DataFrame,
    gas_diagnoses: DataFrame,
    transformer_master: DataFrame,
    as_of: datetime,
) -> DataFrame:
    last_day = F.lit(as_of.date())
    recent = transformer_days.where(
        (F.col("telemetry_date") > F.date_sub(last_day, DAYS)) & (F.col("telemetry_date") <= last_day)
    )
    master = (
        transformer_master.transform(only_at, as_of, RECORDS)
        .where("status != 'DECOMMISSIONED'")
        .select(
            *("transformer_id", "region", "state", "substation_id", "capacity_kva", "criticality_tier"),
            *("status", "health_index_score", "expected_life_years", "last_maintenance_date"),
            *("maintenance_frequency_days", "customers_served", "total_failures"),
            (F.datediff(last_day, "commissioning_date") / 365.25).alias("age_years"),
            F.datediff(last_day, "last_maintenance_date").alias("days_since_maintenance"),
        )
    )
    maintained = master.select("transformer_id", "last_maintenance_date")
    trips = (
        interruptions.where("breaker_status = 'TRIPPED'")
        .where(F.col("began_at") > instant(as_of - timedelta(days=DAYS)))
        .groupBy("transformer_id")
        .agg(F.count("*").alias("trips"))
    )
    known = (
        master.join(measured(recent, maintained), on="transformer_id", how="left")
        .join(trips, on="transformer_id", how="left")
        .join(last_sample(gas_diagnoses, as_of), on="transformer_id", how="left")
        .withColumn("trips", F.coalesce("trips", F.lit(0)))
    )
    parts = {f"{name}_part": F.greatest(F.lit(0.0), part) for name, part in parts_of_risk().items()}
    scored = known.withColumns(parts)
    kept = reduce(
        mul, (1 - weight * F.coalesce(f"{name}_part", F.lit(0.0)) for name, weight in WEIGHTS.items())
    )
    score = 1 - kept
    worst = F.array_max(
        F.array(
            *(
                F.struct((weight * F.col(f"{name}_part")).alias("size"), F.lit(name).alias("name"))
                for name, weight in WEIGHTS.items()
            )
        )
    )
    return scored.select(
        "*",
        score.alias("risk_score"),
        F.when(score >= HIGH, "HIGH").when(score >= MEDIUM, "MEDIUM").otherwise("LOW").alias("risk_level"),
        F.when(worst["size"] > 0, worst["name"]).alias("main_reason"),
    )


def measured(recent: DataFrame, maintained: DataFrame) -> DataFrame:
    """What the device told; the gas's growth is the slope of its daily means since the last maintenance."""
    recent = recent.join(F.broadcast(maintained), on="transformer_id", how="left")
    is_since = F.coalesce(F.col("telemetry_date") > F.col("last_maintenance_date"), F.lit(True))
    gas = F.when(is_since, F.col("mean_gas_ppm"))
    day = F.datediff("telemetry_date", F.lit("2000-01-01"))
    sums = (
        "overloaded_hours",
        "overheated_hours",
        "open_hours",
        "gas_alarm_messages",
    )
    return recent.groupBy("transformer_id").agg(
        F.count("*").alias("days_heard"),
        F.sum("messages").alias("messages"),
        *(F.sum(name).alias(name) for name in sums),
        F.max("max_load_percentage").alias("max_load_percentage"),
        share(
            F.sum(F.col("mean_load_mw") * F.col("messages")),
            F.sum(F.col("capacity_mw") * F.col("messages")),
        ).alias("mean_load_share"),
        F.max("max_oil_temperature_c").alias("max_oil_temperature_c"),
        F.max("max_oil_rise_k").alias("max_oil_rise_k"),
        F.max_by("mean_gas_ppm", "telemetry_date").alias("gas_ppm"),
        F.when(F.count(gas) >= 5, F.regr_slope(gas, day)).alias("gas_ppm_a_day"),
        F.max("last_heard_at").alias("last_heard_at"),
    )


def last_sample(gas_diagnoses: DataFrame, as_of: datetime) -> DataFrame:
    told = ("gas_condition", "fault_by_duval", "fault_by_rogers", "combustible_ppm_a_day", "tells_of_fault")
    last = F.max_by(F.struct("sampled_at", *told), F.struct("sampled_at", "sample_id")).alias("last")
    samples = gas_diagnoses.where(F.col("sampled_at") <= instant(as_of)).groupBy("transformer_id").agg(last)
    known = samples.select("transformer_id", "last.*")
    days = F.datediff(F.lit(as_of.date()), "sampled_at")
    return known.withColumn("days_since_sample", days)


def parts_of_risk() -> dict[str, Column]:
    hours = F.col("messages") / 4
    gas = F.greatest(between("gas_ppm", *GAS_PPM), between("gas_ppm_a_day", *GAS_PPM_A_DAY), of_sample())
    overdue = F.col("days_since_maintenance") / F.col("maintenance_frequency_days") - 1
    return {
        "load": at_most_one(4 * share(F.col("overloaded_hours"), hours)),
        "heat": at_most_one(4 * share(F.col("overheated_hours"), hours)),
        "gas": gas,
        "trips": at_most_one(F.col("trips") / 6),
        "condition": at_most_one((7 - F.col("health_index_score")) / 6),
        "age": at_most_one((F.col("age_years") / F.col("expected_life_years") - 0.6) / 0.6),
        "care": at_most_one(overdue / 2),
    }


def of_sample() -> Column:
    """0 where the sample is old, before the last maintenance, or tells of no fault."""
    is_since = F.coalesce(F.to_date("sampled_at") > F.col("last_maintenance_date"), F.lit(True))
    holds = F.col("tells_of_fault") & is_since & (F.col("days_since_sample") <= SAMPLE_DAYS)
    sizes = F.create_map(*(F.lit(each) for pair in OF_CONDITION.items() for each in pair))
    return F.coalesce(F.when(holds, sizes[F.col("gas_condition")]), F.lit(0.0))


def between(name: str, low: float, high: float) -> Column:
    return F.greatest(F.lit(0.0), at_most_one((F.coalesce(name, F.lit(0.0)) - low) / (high - low)))


def at_most_one(part: Column) -> Column:
    return F.least(F.coalesce(part, F.lit(0.0)), F.lit(1.0))
