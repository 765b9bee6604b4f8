"""The row rules a contract implies: which rows must not pass, and why.

A rule is a reason and a condition. What needs another table (an orphan) is the table's own business.
"""

from collections.abc import Iterator

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import ColumnSpec, Contract
from headrace.tables import REASONS

CLOCK_SLACK = "INTERVAL 1 HOUR"


def with_reasons(rows: DataFrame, contract: Contract) -> DataFrame:
    """Adds the reasons array, empty for a row that passes."""
    reasons = [F.when(condition, F.lit(reason)) for reason, condition in row_rules(contract)]
    return rows.withColumn(REASONS, F.array_compact(F.array(*reasons)).cast("array<string>"))


def row_rules(contract: Contract) -> Iterator[tuple[str, Column]]:
    key = F.col(contract.key_column)
    unread = F.col("_raw").isNotNull()
    yield "malformed line", unread & key.isNull()
    yield "a field is unreadable or unexpected", unread & key.isNotNull()
    for name, spec in contract.columns.items():
        if spec.required or name == contract.key_column:
            yield f"{name} is null", F.col(name).isNull() & ~unread
        yield from _value_rules(name, spec)
    if contract.event_time:
        happened = F.col(contract.event_time)
        yield (
            f"{contract.event_time} is in the future",
            happened > F.col("_ingested_at") + F.expr(CLOCK_SLACK),
        )


def _value_rules(name: str, spec: ColumnSpec) -> Iterator[tuple[str, Column]]:
    value = F.col(name)
    if spec.choices and spec.type == "string":
        yield f"{name} is none of the allowed values", ~value.isin(*spec.choices)
    if spec.possible is not None:
        low, high = spec.possible
        if low is not None:
            yield f"{name} is impossible", value < low
        if high is not None:
            yield f"{name} is impossible", value > high
