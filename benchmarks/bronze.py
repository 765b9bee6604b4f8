"""Rows of a bronze table, made up within Spark: as many as wanted, with all columns of their contract."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

if TYPE_CHECKING:
    from headrace.contracts.model import ColumnSpec, Contract

FIRST_DAY, DAYS = "2020-01-01", 365
BREADTH = 1000
"""So many values a column has about which nothing is said."""


def append(
    rows: DataFrame, table: str, contract: "Contract", given: Mapping[str, Column], at: datetime
) -> None:
    """Appends a commit of rows to a bronze table: each row of `rows`, which has a column `id`, makes one."""
    from headrace.contracts.schema import bronze_schema

    technical = {
        "_source": F.lit(f"{at:%Y%m%dT%H%M%S}.parquet"),
        "_offset": F.col("id"),
        "_sent_at": F.lit(at),
        "_ingested_at": F.lit(at),
    }
    values = {name: _made_up(name, spec) for name, spec in contract.columns.items()}
    values |= technical | dict(given)
    columns = [
        values.get(field.name, F.lit(None)).cast(field.dataType).alias(field.name)
        for field in bronze_schema(contract)
    ]
    rows.select(*columns).write.format("delta").mode("append").save(table)


def _made_up(name: str, spec: "ColumnSpec") -> Column:
    number = F.pmod(F.xxhash64("id", F.lit(name)), F.lit(BREADTH))
    if spec.choices:
        return F.get(F.array(*map(F.lit, spec.choices)), (number % len(spec.choices)).cast("int"))
    if spec.type in ("date", "datetime"):
        return F.date_add(F.lit(FIRST_DAY).cast("date"), (number % DAYS).cast("int"))
    if spec.type == "bool":
        return number % 2 == 0
    if spec.type == "string":
        return F.format_string(f"{name}-%04d", number)
    low, high = (
        bound if bound is not None else end
        for bound, end in zip(spec.possible or (0, 10), (0, 10), strict=True)
    )
    return F.lit(low) + (number + 1) * (high - low) / (BREADTH + 1)
