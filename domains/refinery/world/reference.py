"""The reference lists as constants of an expression: rows looked up by number, without a join."""

import csv
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pyspark.sql import Column
from pyspark.sql import functions as F

FOLDER = Path(__file__).parents[1] / "reference"


@cache
def rows_of(name: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


def listed(values: Sequence[Any]) -> Column:
    """A constant array, nested as the values are. As text it costs one call, not one for each value."""
    return F.expr(_sql(values))


def _sql(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "\\'") + "'"
    if isinstance(value, list | tuple):
        return f"array({', '.join(map(_sql, value))})"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return f"{value}D" if isinstance(value, float) else str(value)


def texts(name: str, column: str) -> Column:
    return listed([row[column] for row in rows_of(name)])


def numbers(name: str, column: str) -> Column:
    return listed([float(row[column]) for row in rows_of(name)])


def at(values: Column, number: Column) -> Column:
    """The value with this number, from 0."""
    return F.get(values, number.cast("int"))
