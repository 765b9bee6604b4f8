"""Each bill beside what the customer's meter measured in its period, what the tariff makes of it, and what was paid.

Metered energy is that of validated reads, estimates among them, as they are known when the table is made. It is told
where most days of the period are known, and brought to all of them; units are held against it where most is measured.
"""

from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole, share

TABLE = Table(
    key="transaction_id",
    write=Whole(),
    description="Billed against metered energy and expected against billed amount of each bill, with what is wrong.",
)

LEAST_COVERAGE = 0.8
MOST_ESTIMATED = 0.2  # of the energy that units are held against
WHOLE_DAY = 44  # half-hours that are known of a day that counts
AMOUNT_WITHIN, UNITS_WITHIN = 0.05, 0.10
TRIVIAL_INR = 50.0


def billing_reconciliation(
    billing_transactions: DataFrame, validated_reads: DataFrame, as_of: datetime
) -> DataFrame:
    bills = billing_transactions.select(
        *("transaction_id", "bill_id", "customer_id", "meter_id", "tariff_category", "region", "state"),
        *("billing_period_start", "billing_period_end", "units_consumed_kwh", "rate_per_kwh"),
        *("expected_amount", "base_amount", "tax_amount", "total_amount"),
        *("payment_status", "payment_method", "due_date", "amount_ratio"),
        (F.datediff("billing_period_end", "billing_period_start") + 1).alias("days_billed"),
    )
    days = (
        validated_reads.groupBy("customer_id", "meter_id", "reading_date")
        .agg(
            F.sum("kwh").alias("_kwh"),
            F.sum(F.when(F.col("state") == "ESTIMATED", F.col("kwh"))).alias("_estimated"),
            F.count("kwh").alias("_known"),
        )
        .where(F.col("_known") >= WHOLE_DAY)
    )
    in_period = F.col("reading_date").between(F.col("billing_period_start"), F.col("billing_period_end"))
    metered = (
        bills.select(
            "transaction_id", "customer_id", "meter_id", "billing_period_start", "billing_period_end"
        )
        .join(days, on=["customer_id", "meter_id"], how="inner")
        .where(in_period)
        .groupBy("transaction_id")
        .agg(
            F.sum("_kwh").alias("_kwh"),
            F.coalesce(F.sum("_estimated"), F.lit(0.0)).alias("_estimated"),
            F.count("*").alias("days_metered"),
        )
    )
    coverage = F.coalesce("days_metered", F.lit(0)) / F.col("days_billed")
    whole = F.col("_kwh") / F.col("days_metered") * F.col("days_billed")
    return (
        bills.join(metered, on="transaction_id", how="left")
        .withColumns(
            {
                "meter_coverage": coverage,
                "metered_kwh": F.when(coverage >= LEAST_COVERAGE, whole),
                "estimated_share": F.when(
                    coverage >= LEAST_COVERAGE, share(F.col("_estimated"), F.col("_kwh"))
                ),
                "days_metered": F.coalesce("days_metered", F.lit(0)),
            }
        )
        .drop("_kwh", "_estimated")
        .transform(with_verdict, as_of)
    )


def with_verdict(bills: DataFrame, as_of: datetime) -> DataFrame:
    units = share(F.col("units_consumed_kwh"), F.col("metered_kwh"))
    ratio, is_measured = F.col("amount_ratio"), F.col("estimated_share") <= MOST_ESTIMATED
    is_trivial = (F.col("base_amount") <= TRIVIAL_INR) & (F.col("expected_amount") > 2 * TRIVIAL_INR)
    verdict = (
        F.when(is_trivial, "TRIVIAL_AMOUNT")
        .when(ratio < 1 - AMOUNT_WITHIN, "BILLED_BELOW_TARIFF")
        .when(ratio > 1 + AMOUNT_WITHIN, "BILLED_ABOVE_TARIFF")
        .when(is_measured & (units < 1 - UNITS_WITHIN), "UNITS_BELOW_METER")
        .when(is_measured & (units > 1 + UNITS_WITHIN), "UNITS_ABOVE_METER")
        .otherwise("AGREES")
    )
    owed = F.greatest(F.coalesce("metered_kwh", "units_consumed_kwh"), F.col("units_consumed_kwh"))
    return bills.withColumns(
        {
            "units_ratio": units,
            "verdict": verdict,
            "missing_amount": F.greatest(owed * F.col("rate_per_kwh") - F.col("base_amount"), F.lit(0.0)),
            **payments(as_of),
        }
    )


def payments(as_of: datetime) -> dict[str, Column]:
    """The amount of the bill under what has become of it; a bill is overdue by its date, whatever its status."""
    status, total = F.col("payment_status"), F.col("total_amount")
    is_open = ~status.isin("PAID", "DISPUTED")
    is_late = F.col("due_date") < F.lit(as_of.date())
    states = {
        "paid_amount": status == "PAID",
        "disputed_amount": status == "DISPUTED",
        "overdue_amount": is_open & is_late,
        "not_due_amount": is_open & ~is_late,
    }
    return {name: F.when(state, total).otherwise(F.lit(0.0)) for name, state in states.items()}
