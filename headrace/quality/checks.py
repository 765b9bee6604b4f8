"""The checks of each table: those its contract and shape imply and those written in soda/<domain>/<layer>/.

Most are expressions, which Soda puts into one query for each table.
"""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from headrace.contracts.load import domain_folder
from headrace.contracts.model import ColumnSpec, Contract, Loader
from headrace.contracts.schema import bronze_schema, spark_type
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.paths import Paths, rejected_of
from headrace.refine.catalog import Catalog
from headrace.sources.file_index import FileIndex, Totals
from headrace.tables import Table
from headrace.writes.node import AS_OF, Node
from headrace.writes.way import way_of

Check = str | dict[str, Any]
MALFORMED_PERCENT = {"warn": 2, "fail": 10}
REJECTED_PERCENT = {"warn": 5, "fail": 25}
SET_ASIDE_PERCENT = {"warn": 0, "fail": 50}
FEW = 20  # files or rows: a large share of fewer says little and only warns
SCANNED = "{scanned}"  # the view that is scanned: the table, or its new partitions
# The suffix of a view with each combination of references once, and its number of rows in the column `times`.
REFERRED = "__referred"
HASH_HINT = "hash_hint"  # the variable with the hint for queries that count repeated keys
ROWS_OF = "rows_of_"  # the prefix of a variable with the number of rows of a table, from its log


@dataclass(frozen=True)
class TableChecks:
    """SodaCL of one table, to be run over `view`. rules: differs where all of the table's checks do."""

    table: str
    view: str
    checks: tuple[Check, ...]
    rules: str

    @property
    def sodacl(self) -> str:
        listed = {f"checks for {self.view}": list(self.checks)}
        return yaml.safe_dump(listed, sort_keys=False, width=10_000).replace(SCANNED, self.view)

    def only_as_of(self) -> "TableChecks":
        """Those that depend on as_of."""
        dated = (check for check in self.checks if AS_OF in json.dumps(check, default=str))
        return replace(self, checks=tuple(dated))


def checks_of(catalog: Catalog, layer: str, table: str, paths: Paths) -> TableChecks:
    view = f"bronze_{table}" if layer == "bronze" else table
    if layer == "bronze":
        arrived = log.row_count(paths.table("bronze", table))
        implied = bronze_checks(catalog.contracts[table], FileIndex(paths, table).totals(), arrived)
    elif (node := catalog.node(table, layer)) in catalog.from_bronze:
        arrived = log.row_count(paths.table("bronze", node.first.name))
        implied = silver_checks(catalog.source_of(node), node.table, table, arrived)
    else:
        implied = gold_checks(node, paths)
    checks = (*implied, *written(soda_folder(catalog.domain) / layer / f"{table}.yml", view))
    rules = hashlib.sha256(json.dumps(checks, default=str).encode()).hexdigest()[:16]
    return TableChecks(table, view, checks, rules)


def soda_folder(domain: str) -> Path:
    return domain_folder(domain).parents[1] / "soda" / domain


def written(file: Path, view: str) -> Iterator[Check]:
    if not file.exists():
        return
    try:
        document = yaml.load(file.read_text(), Loader) or {}
    except yaml.YAMLError as error:
        raise UsageError(f"{file}: not readable as YAML: {error}") from None
    for header, checks in document.items():
        if header != f"checks for {view}" or not isinstance(checks, list):
            raise UsageError(f"{file}: expected a list under `checks for {view}`, found {header!r}")
        yield from checks


def bronze_checks(contract: Contract, files: Totals, arrived: int) -> list[Check]:
    """Schema, volume and the share of unreadable lines only: bronze keeps faulty rows."""
    types = {field.name: field.dataType.simpleString() for field in bronze_schema(contract)}
    set_aside, delivered = f"{files.set_aside} + 0 * count(*)", files.taken + files.set_aside
    return [
        _schema(types),
        {"row_count": {"name": "rows have arrived", "warn": "when = 0"}},
        _none("rows_missing", "every line of the files taken is a row",
              expression=f"{files.lines} - count(*) + count(_partition)"),  # rows of a topic have one
        _share("malformed_percent", "share of unreadable lines", MALFORMED_PERCENT,
               "count(_raw)", "count(*)", arrived),
        _share("set_aside_percent", "share of files set aside", SET_ASIDE_PERCENT,
               set_aside, str(delivered), delivered),
    ]  # fmt: skip


def silver_checks(contract: Contract, table: Table, name: str, arrived: int) -> list[Check]:
    left_out = way_of(table.write).leaves_out(contract)
    columns = {column: spec for column, spec in contract.columns.items() if column not in left_out}
    rejected, all_rows = f"{_rows_of(rejected_of(name))} + 0 * count(*)", _rows_of(f"bronze_{contract.table}")
    return [
        _schema({column: spark_type(spec).simpleString() for column, spec in columns.items()}),
        {"row_count": {"name": "there are rows", "warn": "when = 0"}},
        *_unique(contract.key_column, table),
        *(check for column, spec in columns.items() for check in _of_column(column, spec, contract)),
        *(_exists(column, *referred) for column, referred in referred_by(contract).items()),
        _share("rejected_percent", "share of rejected rows", REJECTED_PERCENT, rejected, all_rows, arrived),
    ]


def gold_checks(node: Node, paths: Paths) -> list[Check]:
    table, upstream = node.table, node.upstream.values()
    if table.may_be_empty or not all(log.row_count(paths.table(ref.layer, ref.name)) for ref in upstream):
        rows: Check = {"row_count >= 0": {"name": "rows are counted; there may be none"}}
    elif AS_OF in node.arguments:  # what looks back from as_of may find nothing, however much lies upstream
        rows = {"row_count": {"name": "there are rows, as there are upstream", "warn": "when = 0"}}
    else:
        rows = {"row_count > 0": {"name": "there are rows, as there are upstream"}}
    sole = table.keys if len(table.keys) == 1 else ()  # a total has nulls in the keys that it sums over
    filled = [{f"missing_count({key}) = 0": {"name": f"{key} is never null"}} for key in sole]
    return [rows, *filled, *_unique(", ".join(table.keys), table)]


def _schema(types: dict[str, str]) -> Check:
    return {
        "schema": {
            "name": "columns and their types are as agreed",
            "fail": {"when required column missing": list(types), "when wrong column type": types},
        }
    }


def _unique(key: str, table: Table) -> Iterator[Check]:
    """As queries of their own: a distinct count among the other expressions would group all of these by its column."""
    names = way_of(table.write).versions
    if names is not None:
        yield _keys_twice(f"{key}, {names.number}", f"{SCANNED} group by {key}, {names.number}")
        current = f"select count(*) - count(distinct {key}) from {SCANNED} where {names.current}"
        yield _none("current_twice", f"{key} has one current version", query=current)
    elif table.partition is None:
        yield _keys_twice(key, f"{SCANNED} group by {key}")
    else:
        hashes = f"select /*+ ${{{HASH_HINT}}} */ xxhash64({key}) as hash from {SCANNED}"
        yield _keys_twice(key, f"({hashes}) group by hash")


def _keys_twice(key: str, groups: str) -> Check:
    times = f"select count(*) as times from {groups}"
    repeated = f"select cast(coalesce(sum(times - 1), 0) as bigint) from ({times})"
    return _none("keys_twice", f"{key} names one row", query=repeated)


def hash_hint(*, few_rows: bool) -> str:
    """The hashes of many keys are shuffled before they are grouped, which halves the time: nearly all differ, so a
    partial aggregation before the shuffle would reduce nothing."""
    return "COALESCE(1)" if few_rows else "REPARTITION(32, hash)"


def _of_column(name: str, spec: ColumnSpec, contract: Contract) -> Iterator[Check]:
    if spec.required or name == contract.key_column:
        since = contract.evolving.get(name)
        if since is None:
            yield {f"missing_count({name}) = 0": {"name": f"{name} is never null"}}
        elif contract.event_time:  # without one, nothing tells which rows are older than the column
            missing = f"{contract.event_time} >= timestamp'{since}' and {name} is null"
            sql = f"count(case when {missing} then 1 end)"
            yield _none(f"{name}_missing", f"{name} is never null since it is sent", expression=sql)
    if spec.allowed:
        allowed = ", ".join(_literal(value) for value in spec.allowed)
        strangers = f"count(case when {name} not in ({allowed}) then 1 end)"
        yield _none(f"{name}_strange", f"{name} is one of the allowed values", expression=strangers)
    if spec.possible is not None:
        low, high = spec.possible
        below = [f"{name} < {low}"] if low is not None else []
        above = [f"{name} > {high}"] if high is not None else []
        outside = f"count(case when {' or '.join(below + above)} then 1 end)"
        yield _none(f"{name}_impossible", f"{name} is possible", expression=outside)


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "\\'") + "'"


def _exists(name: str, table: str, column: str) -> Check:
    """Counts rows that refer to nothing. Soda's own check joins row by row; this one looks up each combination of
    references once, and reads the large table once for all of them."""
    values = f"select {name} as value, times from {SCANNED}{REFERRED} where {name} is not null"
    strangers = (
        f"select coalesce(sum(times), 0) from ({values}) left anti join {table} on value = {table}.{column}"
    )
    return _none(f"{name}_unknown", f"{name} exists in {table}", query=strangers)


def referred_by(contract: Contract) -> dict[str, tuple[str, str]]:
    """The columns that refer to another table, each with that table and its column."""
    referred = {}
    for name, spec in contract.columns.items():
        table, _, column = (spec.references or "").partition(".")
        if table and table != contract.table:
            referred[name] = (table, column)
    return referred


def _rows_of(view: str) -> str:
    """The number of rows of a table, as SodaCL names it."""
    return f"${{{ROWS_OF}{view}}}"


def _none(metric: str, name: str, **how: str) -> Check:
    """A check that a metric is 0."""
    return {f"{metric} = 0": {"name": name, **{f"{metric} {kind}": sql for kind, sql in how.items()}}}


def _share(metric: str, name: str, limits: dict[str, int], part: str, whole: str, count: int) -> Check:
    """In per cent. A large share of few rows only warns. count: about how many there are of `whole`."""
    share = f"coalesce(100.0 * ({part}) / nullif({whole}, 0), 0)"
    due = {outcome: limit for outcome, limit in limits.items() if outcome == "warn" or count >= FEW}
    outcomes = {outcome: f"when > {limit}" for outcome, limit in due.items()}
    return {metric: {"name": name, **outcomes, f"{metric} expression": share}}
