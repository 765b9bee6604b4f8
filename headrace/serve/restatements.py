"""What was restated: rows of a gold table that were there, and say something else since a later run.

Computed from the versions of the table itself. Each commit names the partitions that it wrote; only these are read,
as they were before it and after it, and held against each other by the table's key.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import unquote

import duckdb
from deltalake.exceptions import DeltaError

from headrace.errors import UnknownName, UsageError
from headrace.lake import log, objects
from headrace.lake.delta_rs import duckdb_connected, opened, quoted
from headrace.lake.paths import Paths
from headrace.refine.catalog import load_tables
from headrace.settings import Settings, get_settings
from headrace.writes.node import AS_OF, Node

TECHNICAL = ("_processed_at", "_run")
SAME_WITHIN = 1e-9  # sums of floats differ by this much when they are added in another order
NUMBERS = ("INT", "DOUBLE", "FLOAT", "DECIMAL")


@dataclass(frozen=True)
class ColumnChange:
    """A column in the rows that changed in it; sums and the largest difference of numbers, else None."""

    column: str
    rows: int
    before: float | None = None
    after: float | None = None
    largest: float | None = None


@dataclass(frozen=True)
class NewRows:
    """What came into a table that the restated one is made from; rows is None where its log no longer tells."""

    table: str
    from_version: int
    to_version: int
    rows: int | None


@dataclass(frozen=True)
class Restatement:
    """One commit that changed rows: `restated` say something else, `gone` are there no more, `added` are new in
    partitions that were there. `unreadable` says why its rows can be read no more."""

    table: str
    version: int
    at: str
    run: str
    partitions: tuple[str, ...]
    restated: int = 0
    added: int = 0
    gone: int = 0
    columns: tuple[ColumnChange, ...] = ()
    new_rows: tuple[NewRows, ...] = ()
    code_changed: bool = False
    instant_changed: bool = False
    samples: tuple[dict[str, Any], ...] = ()
    unreadable: str = ""

    @property
    def why(self) -> str:
        said = [
            f"{'some' if each.rows is None else format(each.rows, ',')} rows came into {each.table}"
            for each in self.new_rows
        ]
        said += ["its code changed"] * self.code_changed + [
            "it was made as of another instant"
        ] * self.instant_changed
        return "; ".join(said) or "not told by the commit"


def restatements(
    domain: str,
    table: str,
    *,
    since: datetime | None = None,
    samples: int = 3,
    settings: Settings | None = None,
) -> list[Restatement]:
    """Of a gold table, the oldest first. since: only commits from then on."""
    settings = settings or get_settings()
    paths, node = Paths.of(domain, settings), _gold_node(domain, table)
    place, found = paths.table("gold", table), []
    if not log.exists(place):
        raise UsageError(f"{domain}.{table} is not made yet: run headrace refine {domain}")
    for commit, before in _commits_with_the_one_before(place, since):
        with duckdb_connected(settings) as db:
            each = _compared(db, node, place, commit, samples)
        if each is not None:
            found.append(_with_causes(each, node, paths, commit, before))
    return found[::-1]


def _gold_node(domain: str, table: str) -> Node:
    nodes = {node.name: node for node in load_tables(domain).layer("gold")}
    if table not in nodes:
        raise UnknownName("gold table", table, nodes)
    return nodes[table]


def _commits_with_the_one_before(
    place: str, since: datetime | None
) -> Iterator[tuple[log.Commit, log.Commit | None]]:
    """Commits that changed rows, the newest first, each with the last one before it that did."""
    later: log.Commit | None = None
    for commit in log.backwards(place):
        if not commit.changes_rows:
            continue
        if later is not None:
            yield later, commit
        later = commit
        if since is not None and _time(commit) < since.replace(tzinfo=since.tzinfo or UTC):
            return
    if later is not None and later.version > 0:
        yield later, None


def _time(commit: log.Commit) -> datetime:
    return datetime.fromtimestamp(int(commit.info.get("timestamp", 0)) / 1000, UTC)


def _compared(
    db: duckdb.DuckDBPyConnection, node: Node, place: str, commit: log.Commit, samples: int
) -> Restatement | None:
    """None where the commit changed no row that was there, and added none beside them."""
    partition = node.table.partition
    written = commit.partitions(partition) if partition else set()
    named = tuple(sorted(str(each) for each in written))
    at = _time(commit).isoformat(timespec="seconds")
    start = Restatement(node.name, commit.version, at, commit.note.get("run", ""), named)
    files = [
        action[kind]["path"] for action in commit.actions for kind in ("add", "remove") if kind in action
    ]
    if gone := sum(not objects.exists(f"{place}/{unquote(path)}") for path in files):
        return replace(
            start, unreadable=f"{gone} of the {len(files)} files that it wrote and replaced are removed"
        )
    try:
        for name, version in (("before", commit.version - 1), ("after", commit.version)):
            only = [(partition, "in", list(named))] if partition and None not in written else None
            db.register(name, opened(place, version).to_pyarrow_dataset(file_pruning_predicate=only))
    except DeltaError as error:
        return replace(start, unreadable=f"the log no longer tells of the version before: {error}")
    return _counted(db, node, start, samples)


def _counted(
    db: duckdb.DuckDBPyConnection, node: Node, start: Restatement, samples: int
) -> Restatement | None:
    types = {name: str(kind) for name, kind, *_ in db.execute("DESCRIBE before").fetchall()}
    there = {name for name, *_ in db.execute("DESCRIBE after").fetchall()}
    keys = list(node.table.keys)
    columns = [name for name in types if name in there and name not in (*keys, *TECHNICAL)]
    _find_changed(db, keys, {name: types[name] for name in columns}, node.table.partition)
    counts = dict(db.execute("SELECT kind, count(*) FROM changed GROUP BY kind").fetchall())
    if not counts:
        return None
    return replace(
        start,
        **{kind: counts.get(kind, 0) for kind in ("restated", "added", "gone")},
        columns=tuple(_column_changes(db, columns, types)),
        samples=tuple(_samples(db, keys, columns, samples)),
    )


def _find_changed(
    db: duckdb.DuckDBPyConnection, keys: list[str], types: dict[str, str], partition: str | None
) -> None:
    """The rows that are not the same in both, in a table of their own."""
    on = " AND ".join(f"b.{quoted(key)} IS NOT DISTINCT FROM a.{quoted(key)}" for key in keys)
    key = ", ".join(f"coalesce(b.{quoted(name)}, a.{quoted(name)}) AS {quoted(name)}" for name in keys)
    differs = {name: _differs(name, kind) for name, kind in types.items()}
    pairs = "".join(
        f", b.{quoted(name)} AS {quoted(f'{name}:before')}, a.{quoted(name)} AS {quoted(f'{name}:after')}, "
        f"({differs[name]}) AND b._here AND a._here AS {quoted(f'{name}:differs')}"
        for name in types
    )
    any_differs = " OR ".join(f"({each})" for each in differs.values()) or "false"
    is_old = (
        f"a.{quoted(partition)} IN (SELECT DISTINCT {quoted(partition)} FROM before)" if partition else "true"
    )
    db.execute(
        f"""CREATE TEMP TABLE changed AS
        SELECT {key},
            CASE WHEN b._here IS NULL THEN 'added' WHEN a._here IS NULL THEN 'gone' ELSE 'restated' END AS kind
            {pairs}
        FROM (SELECT *, true AS _here FROM before) b FULL JOIN (SELECT *, true AS _here FROM after) a ON {on}
        WHERE (b._here IS NULL AND {is_old}) OR a._here IS NULL OR (b._here AND ({any_differs}))"""
    )


def _differs(name: str, kind: str) -> str:
    before, after = f"b.{quoted(name)}", f"a.{quoted(name)}"
    differs = f"{before} IS DISTINCT FROM {after}"
    if kind not in ("DOUBLE", "FLOAT"):
        return differs
    close = f"abs({before} - {after}) <= {SAME_WITHIN} * greatest(abs({before}), abs({after}))"
    return f"{differs} AND NOT coalesce({close}, false)"


def _column_changes(
    db: duckdb.DuckDBPyConnection, columns: list[str], types: dict[str, str]
) -> Iterator[ColumnChange]:
    """Those with the most rows first."""
    found = []
    for name in columns:
        before, after = quoted(f"{name}:before"), quoted(f"{name}:after")
        is_number = (
            any(each in types[name] for each in NUMBERS) and "[" not in types[name] and "(" not in types[name]
        )
        sums = (
            f"sum({before}), sum({after}), max(abs({after} - {before}))" if is_number else "NULL, NULL, NULL"
        )
        differs = quoted(f"{name}:differs")
        row = db.execute(f"SELECT count(*), {sums} FROM changed WHERE {differs}").fetchone()
        assert row is not None
        if row[0]:
            found.append(ColumnChange(name, *row))
    yield from sorted(found, key=lambda each: (-each.rows, each.column))


def _samples(
    db: duckdb.DuckDBPyConnection, keys: list[str], columns: list[str], count: int
) -> Iterator[dict[str, Any]]:
    """Some rows that say something else: their key, and what changed as [before, after]."""
    order = ", ".join(quoted(key) for key in keys)
    asked = db.execute(f"SELECT * FROM changed WHERE kind = 'restated' ORDER BY {order} LIMIT {count}")
    names = [each[0] for each in asked.description or ()]
    for values in asked.fetchall():
        row = dict(zip(names, values, strict=True))
        changed = {
            name: [row[f"{name}:before"], row[f"{name}:after"]] for name in columns if row[f"{name}:differs"]
        }
        yield {**{key: row[key] for key in keys}, **changed}


def _with_causes(
    found: Restatement, node: Node, paths: Paths, commit: log.Commit, before: log.Commit | None
) -> Restatement:
    """What the table was made from then, beside what it had been made from."""
    now, then = (each.note.get("made_from") if each else None for each in (commit, before))
    if now is None or then is None:
        return found
    new_rows = [
        NewRows(
            f"{ref.layer}.{ref.name}", old, new, _rows_between(paths.table(ref.layer, ref.name), old, new)
        )
        for name, ref in node.upstream.items()
        if (old := then["upstream"].get(name, -1)) != (new := now["upstream"].get(name, -1))
    ]
    return replace(
        found,
        new_rows=tuple(each for each in new_rows if each.rows != 0),
        code_changed=now["code"] != then["code"],
        instant_changed=now.get(AS_OF) != then.get(AS_OF),
    )


def _rows_between(place: str, old: int, new: int) -> int | None:
    commits = [log.commit(place, number) for number in range(old + 1, new + 1)]
    if any(each is None for each in commits):
        return None
    return sum(
        each.metrics.get("numOutputRows", 0) for each in commits if each is not None and each.changes_rows
    )
