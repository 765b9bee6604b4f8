"""Bills that look like fraud, with the evidence: an amount of next to nothing, or units far below what was metered.

The billing system's own fraud_flag is not read.
"""

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.tables import Table, Whole

TABLE = Table(
    key="transaction_id",
    write=Whole(),
    may_be_empty=True,
    description="Bills that are suspected of fraud, with the evidence, a confidence and the amount that is missing.",
)

FAR_BELOW = 0.5


def billing_suspects(billing_reconciliation: DataFrame) -> DataFrame:
    ratio, units = F.col("amount_ratio"), F.col("units_ratio")
    is_trivial = F.col("verdict") == "TRIVIAL_AMOUNT"
    confidence = (
        F.when(is_trivial & (ratio < 0.05), 0.97)
        .when(is_trivial, 0.85)
        .when(ratio < FAR_BELOW, 0.8)
        .when(units < FAR_BELOW, 0.75)
    )
    evidence = F.when(
        is_trivial | (ratio < FAR_BELOW),
        F.format_string(
            "billed %.2f INR for %.1f kWh, which the tariff makes %.2f INR",
            "base_amount", "units_consumed_kwh", "expected_amount",
        ),
    ).otherwise(
        F.format_string("billed %.1f kWh where the meter measured %.1f kWh", "units_consumed_kwh", "metered_kwh")
    )  # fmt: skip
    return (
        billing_reconciliation.withColumns({"confidence": confidence, "evidence": evidence})
        .where(F.col("confidence").isNotNull())
        .select(
            *("transaction_id", "bill_id", "customer_id", "meter_id", "region", "state", "tariff_category"),
            *("billing_period_start", "billing_period_end", "units_consumed_kwh", "metered_kwh"),
            *("expected_amount", "base_amount", "verdict", "confidence", "evidence", "missing_amount"),
        )
    )
