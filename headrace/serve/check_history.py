"""Holds a history or a change-fed table against a slow, obvious reading of the rows of bronze that it was made from.

The rows are read without Spark, by bucket of keys, as they came; those that were set aside count as such. A table's
function may make columns anew, so keys that differ then are read once more, as the function makes them, by Spark.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any

import duckdb
import pyarrow as pa
from deltalake.exceptions import DeltaError
from pyspark.sql import functions as F

from headrace.contracts.schema import bronze_schema
from headrace.errors import NotReady, UnknownName, UsageError
from headrace.lake import log
from headrace.lake.delta_rs import duckdb_connected, listed, opened, quoted
from headrace.lake.increments import all_of, progress_of
from headrace.lake.lease import Leases, RunContext
from headrace.lake.paths import LAYERS, Paths
from headrace.lake.session import get_spark
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.run import instant_of_data
from headrace.settings import Settings, get_settings
from headrace.tables import EVER, REASONS
from headrace.writes.edge import Edge
from headrace.writes.reference import PASSES, WHEN, Reference, Row, alike

ROWS_PER_BUCKET = 50_000
SILENT_SECONDS = 2.0
WOULD_PASS, BUCKET = "_would_pass", "_bucket"
TAKEN = ("_sent_at", "_ingested_at", "_source", "_offset")
Key = tuple[Any, ...]
Versions = list[dict[str, Any]]


@dataclass(frozen=True)
class KeyThatDiffers:
    """What a table says of a key, and what the reference does, version by version; `rows`: those of bronze with the
    key, of which `set_aside` were."""

    key: Mapping[str, Any]
    table: Versions
    reference: Versions
    rows: int
    set_aside: int


@dataclass
class Tally:
    """`keys`, `versions`: those that agree; `by_mended`: of these keys, those that do so only with rows that were set
    aside and would pass now. `versions_beside`: those that agree of keys that differ elsewhere."""

    keys: int = 0
    versions: int = 0
    by_mended: int = 0
    versions_beside: int = 0
    versions_differ: int = 0
    differing: list[Key] = field(default_factory=list)
    samples: list[KeyThatDiffers] = field(default_factory=list)


@dataclass(frozen=True)
class HistoryCheck:
    """How many keys and versions agree with the reference. bronze_version: the one that the table has taken, of whose
    rows `rows` were read; `waiting`: those that came since. by_function: whether the table's function was asked."""

    domain: str
    table: str
    way: str
    bronze: str
    bronze_version: int
    waiting: int
    rows: int
    keys: int
    keys_differ: int
    versions: int
    versions_differ: int
    by_mended: int
    by_function: bool
    differing: tuple[KeyThatDiffers, ...]

    @property
    def agrees(self) -> bool:
        return not self.keys_differ


def check_history(
    domain: str, table: str, *, keys: int | None = None, samples: int = 5, settings: Settings | None = None
) -> HistoryCheck:
    """keys: look at so many alone, the same ones each time. samples: how many of the keys that differ are shown."""
    settings = settings or get_settings()
    edge, reference = _checkable(load_tables(domain), table, Paths.of(domain, settings), settings)
    version, before = _version_taken(edge), Tally()
    with duckdb_connected(settings) as db, _readable(edge):
        check = _Check(db, edge, reference, samples)
        check.read(version, keys)
        tally = check.compare() if check.is_told_by_bronze else None
        if is_asked := tally is None or bool(tally.differing):
            before = tally or before
            check.read_as_made(before.differing)
            tally = check.compare()
    return HistoryCheck(
        domain,
        table,
        type(edge.node.table.write).__name__,
        edge.contract.table,
        version,
        log.row_count(edge.bronze) - log.row_count(edge.bronze, at=version),
        check.rows,
        before.keys + tally.keys,
        len(tally.differing),
        before.versions + tally.versions + tally.versions_beside,
        tally.versions_differ,
        tally.by_mended,
        is_asked,
        tuple(tally.samples),
    )


def _checkable(catalog: Catalog, table: str, paths: Paths, settings: Settings) -> tuple[Edge, Reference]:
    context = RunContext(paths, settings, Leases([], "check", 0), "check")
    as_of, references = instant_of_data(catalog, paths), dict[str, tuple[Edge, Reference]]()
    for node in catalog.from_bronze:
        edge = Edge(node, catalog.source_of(node), context, as_of)
        reference = edge.way.reference(node, edge.contract)
        if reference is not None:
            references[node.name] = edge, reference
    if table in references:
        return references[table]
    if table not in {name for layer in LAYERS for name in catalog.tables(layer)}:
        raise UnknownName("history or change-fed table", table, references)
    raise UsageError(
        f"{catalog.domain}.{table} is neither a history nor fed by changes; those are: "
        f"{', '.join(references) or 'none'}"
    )


def _version_taken(edge: Edge) -> int:
    """The version of bronze that the table has taken whole."""
    name, domain = edge.node.ref, edge.paths.domain
    done = progress_of(edge.paths, edge.node.name)
    if done is None or not log.exists(edge.target):
        raise NotReady(f"{name} is not made yet: run headrace refine {domain}")
    if done.at != all_of(done.version) or log.last_batch_of(edge.target, edge.app) > done.at:
        raise NotReady(
            f"{name} has taken a part of what came to {edge.node.first} with version {done.version + 1}: a run is at "
            f"it, or was stopped. Wait for its end, or run headrace refine {domain}"
        )
    return done.version


@contextmanager
def _readable(edge: Edge) -> Iterator[None]:
    try:
        yield
    except (DeltaError, duckdb.IOException, FileNotFoundError) as error:
        raise NotReady(
            f"{edge.node.first} can no longer be read as {edge.node.ref} took it: run headrace refine "
            f"{edge.paths.domain} first ({error})"
        ) from error


class _Check:
    """Keeps two tables in a database of its own: `came`, the rows of bronze, and `held`, what the table says."""

    def __init__(self, db: duckdb.DuckDBPyConnection, edge: Edge, reference: Reference, samples: int) -> None:
        self._db, self._edge, self._reference, self._samples = db, edge, reference, samples
        self._item, self._keys = str(edge.node.ref), listed(reference.keys)
        self._buckets, self._snapshots, self._tables = 1, list[datetime](), set[str]()
        self.rows = 0

    @property
    def is_told_by_bronze(self) -> bool:
        """Whether bronze tells when a row takes effect, without the table's function."""
        spec = self._edge.contract.columns.get(self._reference.effective or "")
        return self._reference.effective is None or (spec is not None and spec.type in ("date", "datetime"))

    def read(self, version: int, keys: int | None) -> None:
        """Fills both tables, with all keys or with some."""
        self._register("bronze_rows", self._edge.bronze, version)
        self._register("silver_rows", self._edge.target)
        if log.exists(self._edge.rejected):
            self._register("set_aside", self._edge.rejected)
        wanted = " AND ".join(f"{quoted(name)} IS NOT NULL" for name in self._reference.keys)
        if self._reference.by_snapshots:
            whole = f"SELECT _sent_at FROM bronze_rows GROUP BY _sent_at HAVING bool_and({wanted})"
            self._snapshots = [row["_sent_at"] for row in self._rows(whole)]
        if keys is not None:
            both = f"SELECT {self._keys} FROM bronze_rows UNION SELECT {self._keys} FROM silver_rows"
            self._db.execute(
                f"CREATE TABLE chosen AS SELECT * FROM ({both}) WHERE {wanted} "
                f"ORDER BY hash({self._keys}), {self._keys} LIMIT {keys}"
            )
            wanted += f" AND ({self._keys}) IN (SELECT ({self._keys}) FROM chosen)"
        self.rows, held = (
            self._rows(f"SELECT count(*) AS rows FROM {name} WHERE {wanted}")[0]["rows"]
            for name in ("bronze_rows", "silver_rows")
        )
        self._buckets = 1 + max(self.rows, held) // ROWS_PER_BUCKET
        effective = quoted(self._reference.effective or "_sent_at")
        when = f"CAST({effective} AS TIMESTAMPTZ)" if self.is_told_by_bronze else "NULL"
        self._fill(
            "came", f"*, {when} AS {WHEN}, {self._passes('bronze_rows')}", f"bronze_rows WHERE {wanted}"
        )
        self._fill("held", "*", f"silver_rows WHERE {wanted}")

    def read_as_made(self, differing: Sequence[Key]) -> None:
        """Reads the rows of these keys (without one, of all) again, as the table's function makes them."""
        if differing:
            self._keep(differing)
        spill = self._edge.context.settings.home.absolute() / "spill"
        spill.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=spill, prefix="check-") as folder:
            given, made = f"{folder}/given.parquet", f"{folder}/made"
            columns = listed(bronze_schema(self._edge.contract).fieldNames())
            self._db.execute(f"COPY (SELECT {columns} FROM came) TO '{given}' (FORMAT parquet)")
            self._make(given, made)
            self._db.execute("DROP TABLE came")
            would = f"len({REASONS}) = 0 AS {WOULD_PASS}"
            self._db.execute(f"CREATE VIEW made AS SELECT * FROM read_parquet('{made}/*.parquet')")
            self._fill("came", f"*, {would}, {self._passes('made')}", "made")

    def compare(self) -> Tally:
        """Holds the two against each other, bucket by bucket."""
        watch, tally = Stopwatch(), Tally()
        columns = [*self._reference.needs, *TAKEN, PASSES, WHEN]
        if WOULD_PASS in self._columns("came"):
            columns.append(WOULD_PASS)
        for place in range(self._buckets):
            if watch.seconds > SILENT_SECONDS:
                note = f"{len(tally.differing):,} keys differ" if tally.differing else ""
                tell(Event("check", self._item, "going", done=place, total=self._buckets, note=note))
            came = self._by_key("came", listed([*self._reference.keys, *columns]), place)
            held = self._by_key("held", f"{self._keys}, {self._said()}", place)
            for key in {**came, **held}:
                self._weigh(key, came.get(key, []), held.get(key, []), tally)
        if watch.seconds > SILENT_SECONDS:
            tell(Event("check", self._item, "done", rows=self.rows, seconds=watch.seconds))
        return tally

    def _weigh(self, key: Key, came: list[Row], held: list[Row], tally: Tally) -> None:
        names = self._reference.names
        says = [{name: row[name] for name in self._compared} for row in held]
        if names is not None:
            says.sort(key=lambda version: version[names.number])
        readings = self._readings(came)
        again = [{**row, PASSES: row[WOULD_PASS]} for row in came if WOULD_PASS in row]
        mended = self._readings(again) if again and self._reference.judges_again else []
        if any(_same(says, reading) for reading in readings):
            tally.keys, tally.versions = tally.keys + 1, tally.versions + len(says)
        elif any(_same(says, reading) for reading in mended):
            tally.keys, tally.versions = tally.keys + 1, tally.versions + len(says)
            tally.by_mended += 1
        else:
            agreeing = sum(map(_alike, says, readings[0]))
            tally.versions_beside += agreeing
            tally.versions_differ += max(len(says), len(readings[0])) - agreeing
            tally.differing.append(key)
            if len(tally.samples) < self._samples:
                named, aside = (
                    dict(zip(self._reference.keys, key, strict=True)),
                    sum(not row[PASSES] for row in came),
                )
                tally.samples.append(KeyThatDiffers(named, says, readings[0], len(came), aside))

    def _readings(self, came: Sequence[Row]) -> list[Versions]:
        """As the table would store them: whose ends are days has no time of day."""
        found = self._reference.readings(came, self._snapshots)
        names = self._reference.names
        ends = (names.since, names.until) if names is not None and self._holds_days else ()
        for version in (version for reading in found for version in reading):
            version |= {name: version[name] and _midnight(version[name]) for name in ends}
        return [[{name: each[name] for name in self._compared} for each in reading] for reading in found]

    @cached_property
    def _compared(self) -> list[str]:
        """What the reference tells and the table has: not a column that it is to gain by its next batch."""
        has = self._columns("held")
        return [name for name in self._reference.says if name in has]

    @cached_property
    def _holds_days(self) -> bool:
        names = self._reference.names
        return names is not None and str(self._columns("held")[names.since]) == "DATE"

    def _said(self) -> str:
        """The columns of the table that are compared, its own ones in the types of the reference."""
        names, own = self._reference.names, dict[str, str]()
        if names is not None:
            instants = {name: f"CAST({quoted(name)} AS TIMESTAMPTZ)" for name in (names.since, names.until)}
            instants[names.until] = f"nullif({instants[names.until]}, TIMESTAMPTZ '{EVER}+00')"
            kinds = {names.current: "BOOLEAN", names.number: "BIGINT"}
            own = instants | {name: f"CAST({quoted(name)} AS {kind})" for name, kind in kinds.items()}
        return ", ".join(f"{own.get(name, quoted(name))} AS {quoted(name)}" for name in self._compared)

    def _passes(self, source: str) -> str:
        """Whether a row of the source does not lie among those that were set aside."""
        if "set_aside" not in self._tables:
            return f"true AS {PASSES}"
        has = self._columns("set_aside")
        names = [name for name in bronze_schema(self._edge.contract).fieldNames() if name in has]
        same = " AND ".join(
            f"aside.{quoted(name)} IS NOT DISTINCT FROM {source}.{quoted(name)}" for name in names
        )
        return f"NOT EXISTS (SELECT 1 FROM set_aside AS aside WHERE {same}) AS {PASSES}"

    def _make(self, given: str, made: str) -> None:
        watch = Stopwatch()
        tell(Event("check", self._item, "going", note="its function makes the rows that differ, in Spark"))
        spark = get_spark(self._edge.context.settings).newSession()
        rows = spark.read.schema(bronze_schema(self._edge.contract)).parquet(f"file://{given}")
        judged = self._edge.judged(rows, self._edge.versions_now())
        when = F.col(self._reference.effective or "_sent_at").cast("timestamp")
        judged.withColumn(WHEN, when).write.parquet(f"file://{made}")
        note = "its function made the rows that differ, in Spark"
        tell(Event("check", self._item, "done", seconds=watch.seconds, note=note))

    def _keep(self, differing: Sequence[Key]) -> None:
        """Leaves these keys alone in both tables."""
        kinds = self._arrow(f"SELECT {self._keys} FROM came LIMIT 0").schema
        columns = [
            pa.array(each, kind) for each, kind in zip(zip(*differing, strict=True), kinds.types, strict=True)
        ]
        self._db.register("differing", pa.table(columns, kinds.names))
        for name in ("came", "held"):
            self._db.execute(
                f"DELETE FROM {name} WHERE ({self._keys}) NOT IN (SELECT ({self._keys}) FROM differing)"
            )

    def _register(self, name: str, place: str, version: int | None = None) -> None:
        self._db.register(name, opened(place, version).to_pyarrow_dataset())
        self._tables.add(name)

    def _fill(self, name: str, columns: str, source: str) -> None:
        bucket = f"hash({self._keys}) % {self._buckets} AS {BUCKET}"
        self._db.execute(f"CREATE TABLE {name} AS SELECT {columns}, {bucket} FROM {source} ORDER BY {BUCKET}")

    def _by_key(self, name: str, columns: str, bucket: int) -> dict[Key, list[Row]]:
        found = defaultdict[Key, list[Row]](list)
        for row in self._rows(f"SELECT {columns} FROM {name} WHERE {BUCKET} = {bucket}"):
            found[tuple(row[key] for key in self._reference.keys)].append(row)
        return found

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        return list(self._arrow(sql).to_pylist())

    def _arrow(self, sql: str) -> pa.Table:
        return self._db.sql(sql).to_arrow_table()

    def _columns(self, name: str) -> dict[str, Any]:
        relation = self._db.table(name)
        return dict(zip(relation.columns, relation.types, strict=True))


def _same(table: Versions, reference: Versions) -> bool:
    return len(table) == len(reference) and all(map(_alike, table, reference))


def _alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return all(alike(value, other[name]) for name, value in one.items())


def _midnight(at: datetime) -> datetime:
    return at.replace(hour=0, minute=0, second=0, microsecond=0)
