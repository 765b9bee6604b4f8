"""Whether a bronze table that is there still fits its contract, told before anything is written.

A table can gain columns, if the contract says since when they are sent. It cannot lose one or change what one holds:
what is stored would have to change with it.
"""

import json
from collections.abc import Callable, Iterable, Mapping

from deltalake import DeltaTable
from pyspark.sql import SparkSession
from pyspark.sql import types as T

from headrace.contracts.model import Contract
from headrace.contracts.schema import TECHNICAL_COLUMNS, bronze_schema, spark_type
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog
from headrace.sources.bronze_table import create_bronze

WAYS_OUT = "or begin a new lake with another HEADRACE_HOME"


def check_contracts(contracts: Iterable[Contract], paths: Paths) -> None:
    for contract in contracts:
        table = paths.table("bronze", contract.table)
        if log.exists(table):
            _check(contract, _columns(table))


def make_ready(spark: SparkSession, contracts: Iterable[Contract], catalog: Catalog, paths: Paths) -> None:
    """The bronze tables of these contracts, and what silver makes of them."""
    for contract in contracts:
        ready_bronze(lambda: spark, contract, paths.table("bronze", contract.table))
        for node in catalog.made_from(contract):
            grow(lambda: spark, contract, (paths.table("silver", node.name), paths.rejected(node.name)))


def ready_bronze(start: Callable[[], SparkSession], contract: Contract, table: str) -> None:
    """Makes the table, or gives it the columns that its contract has gained."""
    if not log.exists(table):
        create_bronze(start(), contract, table)
        return
    _check(contract, _columns(table))
    grow(start, contract, [table])


def grow(start: Callable[[], SparkSession], contract: Contract, tables: Iterable[str]) -> None:
    """Adds the columns that evolved to tables made before they did; what they hold is null there."""
    if not contract.evolving:
        return
    for table in tables:
        known = _columns(table) if log.exists(table) else None
        gained = [name for name in contract.evolving if known is not None and name not in known]
        if gained:
            listed = ", ".join(
                f"`{name}` {spark_type(contract.columns[name]).simpleString()}" for name in gained
            )
            start().sql(f"ALTER TABLE delta.`{table}` ADD COLUMNS ({listed})")


def _columns(table: str) -> Mapping[str, T.DataType]:
    schema = T.StructType.fromJson(json.loads(DeltaTable(table).schema().to_json()))
    return {field.name: field.dataType for field in schema.fields}


def _check(contract: Contract, stored: Mapping[str, T.DataType]) -> None:
    wanted = {field.name: field.dataType for field in bronze_schema(contract).fields}
    for name, kind in wanted.items():
        if name in stored and stored[name].simpleString() != kind.simpleString():
            raise UsageError(
                f"the contract of {contract.table} says that {name} is {contract.columns[name].type} "
                f"({kind.simpleString()}), but bronze.{contract.table} holds it as {stored[name].simpleString()}. "
                f"Nothing was written. Put the type back, or send the column under another name that the contract "
                f"declares under evolves, {WAYS_OUT}."
            )
    new = [name for name in wanted if name not in stored and name not in contract.evolving]
    gone = [name for name in stored if name not in wanted and name not in TECHNICAL_COLUMNS]
    if new:
        raise UsageError(
            f"the contract of {contract.table} has a column that bronze.{contract.table} lacks: {', '.join(new)}. "
            f"Nothing was written. Say since when it is sent (evolves: [{{since: …, columns: [{new[0]}]}}]), "
            f"{WAYS_OUT}."
        )
    if gone:
        raise UsageError(
            f"bronze.{contract.table} has a column that the contract of {contract.table} lacks: {', '.join(gone)}. "
            f"Nothing was written. Put it back into the contract (it may be null), {WAYS_OUT}."
        )
