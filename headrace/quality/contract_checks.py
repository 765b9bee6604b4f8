"""The checks that a contract and a table's shape imply.

Bronze is checked for schema, volume and share of unreadable lines only: it keeps faulty rows. Most checks are
expressions, which Soda puts into one query for each table.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from headrace.contracts.model import ColumnSpec, Contract
from headrace.contracts.schema import TECHNICAL, spark_type
from headrace.lake.paths import rejected_of
from headrace.tables import Table
from headrace.writes.way import way_of

Check = str | dict[str, Any]
MALFORMED_PERCENT = {"warn": 2, "fail": 10}
REJECTED_PERCENT = {"warn": 5, "fail": 25}
SET_ASIDE_PERCENT = {"warn": 0, "fail": 50}
FEW = 20  # files or rows: a large share of fewer says little and only warns
Rows = Literal["due", "usual", "optional"]
SCANNED = "{scanned}"  # the view that is scanned: the table, or its new partitions
# The suffix of a view with each combination of references once, and its number of rows in the column `times`.
REFERRED = "__referred"
HASH_HINT = "hash_hint"  # the variable with the hint for queries that count repeated keys
ROWS_OF = "rows_of_"  # the prefix of a variable with the number of rows of a table, from its log


@dataclass(frozen=True)
class Taken:
    """The lines and files of one table that have been delivered so far."""

    lines: int
    files: int
    set_aside: int


def bronze_checks(contract: Contract, taken: Taken) -> list[Check]:
    types = {name: spark_type(spec).simpleString() for name, spec in contract.columns.items()}
    technical = {field.name: field.dataType.simpleString() for field in TECHNICAL}
    malformed = _share("count(_raw)", "count(*)", MALFORMED_PERCENT)
    set_aside = _share(f"{taken.set_aside} + 0 * count(*)", str(taken.files), SET_ASIDE_PERCENT)
    return [
        _schema(types | technical),
        {"row_count": {"name": "rows have arrived", "warn": "when = 0"}},
        _none("rows_missing", "every line of the files taken is a row",
              expression=f"{taken.lines} - count(*)"),
        _percent("malformed_percent", "share of unreadable lines", MALFORMED_PERCENT,
                 expression=malformed),
        _percent("set_aside_percent", "share of files set aside", SET_ASIDE_PERCENT,
                 expression=set_aside),
    ]  # fmt: skip


def silver_checks(contract: Contract, table: Table, name: str) -> list[Check]:
    left_out = way_of(table.write).leaves_out(contract)
    columns = {column: spec for column, spec in contract.columns.items() if column not in left_out}
    return [
        _schema({name: spark_type(spec).simpleString() for name, spec in columns.items()}),
        {"row_count": {"name": "there are rows", "warn": "when = 0"}},
        *_unique(contract.key_column, table),
        *(check for column, spec in columns.items() for check in _of_column(column, spec, contract)),
        *_references(contract),
        _rejected(name, contract),
    ]


def gold_checks(table: Table, rows: Rows) -> list[Check]:
    sole = table.keys if len(table.keys) == 1 else ()  # a total has nulls in the keys that it sums over
    return [
        _filled(rows),
        *({f"missing_count({key}) = 0": {"name": f"{key} is never null"}} for key in sole),
        *_unique(", ".join(table.keys), table),
    ]


def _filled(rows: Rows) -> Check:
    if rows == "due":
        return {"row_count > 0": {"name": "there are rows, as there are upstream"}}
    if rows == "usual":
        return {"row_count": {"name": "there are rows, as there are upstream", "warn": "when = 0"}}
    return {"row_count >= 0": {"name": "rows are counted; there may be none"}}


def _schema(types: dict[str, str]) -> Check:
    return {
        "schema": {
            "name": "columns and their types are as agreed",
            "fail": {"when required column missing": list(types), "when wrong column type": types},
        }
    }


def _unique(key: str, table: Table) -> Iterator[Check]:
    """As queries of their own: a distinct count among the other expressions would group all of these by its column."""
    if way_of(table.write).keeps_versions:
        yield _keys_twice(f"{key}, version", f"{SCANNED} group by {key}, version")
        current = f"select count(*) - count(distinct {key}) from {SCANNED} where is_current"
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
        yield from _never_null(name, contract)
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


def _never_null(name: str, contract: Contract) -> Iterator[Check]:
    """A column that evolved is null in older rows; a table without an event time does not tell which those are."""
    since = contract.evolving.get(name)
    if since is None:
        yield {f"missing_count({name}) = 0": {"name": f"{name} is never null"}}
    elif contract.event_time:
        missing = f"{contract.event_time} >= timestamp'{since}' and {name} is null"
        sql = f"count(case when {missing} then 1 end)"
        yield _none(f"{name}_missing", f"{name} is never null since it is sent", expression=sql)


def _literal(value: str | int) -> str:
    return str(value) if isinstance(value, int) else "'" + value.replace("'", "\\'") + "'"


def _none(metric: str, name: str, **how: str) -> Check:
    """A check that a metric is 0."""
    return {f"{metric} = 0": {"name": name, **{f"{metric} {kind}": sql for kind, sql in how.items()}}}


def _references(contract: Contract) -> Iterator[Check]:
    for name, (table, column) in referred_by(contract).items():
        strangers = _strangers(name, table, column)
        yield _none(f"{name}_unknown", f"{name} exists in {table}", query=strangers)


def referred_by(contract: Contract) -> dict[str, tuple[str, str]]:
    """The columns that refer to another table, each with that table and its column."""
    found = {}
    for name, spec in contract.columns.items():
        table, _, column = (spec.references or "").partition(".")
        if table and table != contract.table:
            found[name] = (table, column)
    return found


def _strangers(name: str, table: str, column: str) -> str:
    """Counts rows that refer to nothing. Soda's own check joins row by row; this one looks up each combination of
    references once, and reads the large table once for all of them."""
    values = f"select {name} as value, times from {SCANNED}{REFERRED} where {name} is not null"
    return (
        f"select coalesce(sum(times), 0) from ({values}) left anti join {table} on value = {table}.{column}"
    )


def _rejected(name: str, contract: Contract) -> Check:
    rejected, arrived = rows_of(rejected_of(name)), rows_of(f"bronze_{contract.table}")
    share = _share(f"{rejected} + 0 * count(*)", arrived, REJECTED_PERCENT)
    return _percent("rejected_percent", "share of rejected rows", REJECTED_PERCENT, expression=share)


def rows_of(view: str) -> str:
    """The number of rows of a table, as SodaCL names it."""
    return f"${{{ROWS_OF}{view}}}"


def _share(part: str, whole: str, limits: dict[str, int]) -> str:
    """In per cent. A large share of few rows only warns."""
    share = f"coalesce(100.0 * ({part}) / nullif({whole}, 0), 0)"
    return f"case when {whole} < {FEW} then least({share}, {limits['fail']}) else {share} end"


def _percent(metric: str, name: str, limits: dict[str, int], **how: str) -> Check:
    given = {f"{metric} {kind}": sql for kind, sql in how.items()}
    outcomes = {outcome: f"when > {limit}" for outcome, limit in limits.items()}
    return {metric: {"name": name, **outcomes, **given}}
