"""The checks that a contract and a table's shape imply. Nobody writes them down twice.

Bronze is judged for schema, volume and share of unreadable lines only: faulty rows are what it is for.
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
FEW = 20  # files or rows, of which a large share says little: such a share warns
HASH_PARTITIONS = 32
Rows = Literal["due", "usual", "optional"]
SCANNED = "{scanned}"  # the view a scan looks at: the table, or what is new in it
# Behind the name of a view: how often each combination of its references occurs there, in the column `times`.
REFERRED = "__referred"


@dataclass(frozen=True)
class Taken:
    """What the landing folder has delivered of one table so far."""

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
    return [
        _schema({name: spark_type(spec).simpleString() for name, spec in contract.columns.items()}),
        {"row_count": {"name": "there are rows", "warn": "when = 0"}},
        *_unique(contract.key_column, table),
        *(check for column, spec in contract.columns.items() for check in _of_column(column, spec, contract)),
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
    if way_of(table.write).keeps_versions:
        yield _twice(f"{key}, version")
        current = "count(case when is_current then 1 end)"
        once = f"count(distinct case when is_current then {key} end)"
        yield _none("current_twice", f"{key} has one current version", expression=f"{current} - {once}")
    elif table.partition is None:
        yield _twice(key)
    else:
        yield _none("keys_twice", f"{key} names one row", query=_keys_twice(key))


def _twice(key: str) -> Check:
    """For a table of modest size: one more column of the query that its other checks share."""
    once = f"count(*) - count(distinct struct({key}))"
    return _none("keys_twice", f"{key} names one row", expression=once)


def _keys_twice(key: str) -> str:
    """Counts keys that occur again. Their hashes are shuffled before they are grouped, which halves the time:
    nearly all differ, so grouping them first is in vain."""
    hashes = f"select /*+ REPARTITION({HASH_PARTITIONS}, hash) */ xxhash64({key}) as hash from {SCANNED}"
    counted = f"select count(*) as times from ({hashes}) group by hash"
    return f"select cast(coalesce(sum(times - 1), 0) as bigint) from ({counted})"


def _of_column(name: str, spec: ColumnSpec, contract: Contract) -> Iterator[Check]:
    if spec.required or name == contract.key_column:
        yield {f"missing_count({name}) = 0": {"name": f"{name} is never null"}}
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


def _none(metric: str, name: str, **how: str) -> Check:
    """A check that some metric is nought."""
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
    """Counts rows that refer to nothing. Soda's own check joins row by row; here each combination of references
    is looked up once, and the large table is read once for all of them."""
    values = f"select {name} as value, times from {SCANNED}{REFERRED} where {name} is not null"
    return (
        f"select coalesce(sum(times), 0) from ({values}) left anti join {table} on value = {table}.{column}"
    )


def _rejected(name: str, contract: Contract) -> Check:
    rejected, arrived = rejected_of(name), f"bronze_{contract.table}"
    counts = f"(select count(*) as bad from {rejected}), (select count(*) as arrived from {arrived})"
    share = f"select {_share('bad', 'arrived', REJECTED_PERCENT)} from {counts}"
    return _percent("rejected_percent", "share of rejected rows", REJECTED_PERCENT, query=share)


def _share(part: str, whole: str, limits: dict[str, int]) -> str:
    """In per cent. Of a few, a large share says little: it warns, but does not close the gate."""
    share = f"coalesce(100.0 * ({part}) / nullif({whole}, 0), 0)"
    return f"case when {whole} < {FEW} then least({share}, {limits['fail']}) else {share} end"


def _percent(metric: str, name: str, limits: dict[str, int], **how: str) -> Check:
    given = {f"{metric} {kind}": sql for kind, sql in how.items()}
    outcomes = {outcome: f"when > {limit}" for outcome, limit in limits.items()}
    return {metric: {"name": name, **outcomes, **given}}
