"""Billing as it stands now, from the change feed of the billing database.

Log sequence numbers are brought to one length and spelling, so that they order as numbers do: SQL Server's own, such as
0x0000002700000ac00002, and Debezium's, such as 00000027:00000ac0:0002.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from domains.grid.history import RECORDS
from headrace.tables import Changes, Table, only_current, with_parent

TABLE = Table(
    key="transaction_id",
    write=Changes(unknown="set aside"),
    description="Bills and their payment, without those that were deleted.",
)

DIGITS = 20


def billing_transactions(bronze_billing_transactions: DataFrame, customer_master: DataFrame) -> DataFrame:
    customers = customer_master.transform(only_current, RECORDS)
    expected = F.col("units_consumed_kwh") * F.col("rate_per_kwh")
    return bronze_billing_transactions.transform(
        with_parent, customers, on="customer_id", take=["tariff_category"], required=False
    ).withColumns(
        {
            "start_lsn": sequence_number("start_lsn"),
            "seqval": sequence_number("seqval"),
            "expected_amount": expected,
            "amount_ratio": F.col("base_amount") / F.nullif(expected, F.lit(0)),
        }
    )


def sequence_number(name: str) -> Column:
    digits = F.upper(F.regexp_replace(name, "^0[xX]|:", ""))
    return F.concat(F.lit("0x"), F.lpad(digits, DIGITS, "0"))
