"""Rows as lines of text, and how a line breaks: cut short, garbled, or text where a number belongs."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from headrace.contracts.model import Contract

NUMBERS = ("int", "long", "float")
NOISE = "#ERR 0x1F"


def line_of(contract: Contract) -> Column:
    row = F.struct(*(F.col(name) for name in contract.columns))
    return F.to_csv(row) if contract.arrives.files == "csv" else F.to_json(row, {"ignoreNullFields": "false"})


def broken_line(contract: Contract, aim: Column) -> Column:
    """Which way it breaks is drawn by `aim`, even in [0, 1)."""
    line = line_of(contract)
    cut = F.left(line, F.floor(F.length(line) * (F.lit(0.2) + aim)).cast("int"))
    return F.when(aim < 0.4, cut).when(aim < 0.7, garbled(contract, line)).otherwise(mistyped(contract))


def garbled(contract: Contract, line: Column) -> Column:
    if contract.arrives.files == "csv":
        return F.concat(F.lit(NOISE), F.translate(line, ",", ";"))
    return F.translate(line, ':"', ";'")


def mistyped(contract: Contract) -> Column:
    """A word in every number's place."""
    if contract.arrives.files == "csv":
        columns = (
            F.lit("n/a").alias(name) if spec.type in NUMBERS else F.col(name)
            for name, spec in contract.columns.items()
        )
        return F.to_csv(F.struct(*columns))
    return F.regexp_replace(line_of(contract), '":-?[0-9][0-9.eE+-]*', '":"n/a"')
