"""Answers from the tables without Spark: named queries of the domains, and any SQL that only reads.

A query names a table as `gold.x` or `<domain>.gold.x`. `ops.tables` and `ops.columns` list what there is, `ops.scans`
has a row for every check of every scan, `ops.ledger` one for every write.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from headrace.contracts.load import domains_found
from headrace.errors import UnknownName, UsageError
from headrace.lake.delta_rs import duckdb_connected, from_disk, is_table, opened, quoted, text_literal
from headrace.lake.ledger import last_good
from headrace.lake.paths import LAYERS, Paths, tables_in
from headrace.serve.named_queries import named_query
from headrace.settings import Settings, get_settings

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Answer:
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def as_dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class Moment:
    """Which version of every table is meant; by default the one that passed its checks last."""

    version: int | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return f"as of {self.at:%Y-%m-%d %H:%M:%S}" if self.at else f"as of version {self.version}"


class Result:
    """What a statement answers, while its connection is open: its rows come as they are asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sql: str) -> None:
        self._connection, self._sql = connection, sql

    @cached_property
    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with _of_the_user():
            return self._connection.execute(self._sql)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(column[0] for column in self._cursor.description or ())

    @property
    def numbers(self) -> tuple[bool, ...]:
        """Which columns hold some."""
        return tuple(column[1].id in NUMBERS for column in self._cursor.description or ())

    def rows(self) -> Iterator[tuple[Any, ...]]:
        with _of_the_user():
            while some := self._cursor.fetchmany(ROWS_AT_ONCE):
                yield from some

    def save(self, file: Path, limit: int | None = None) -> None:
        """Writes the answer as Parquet or CSV, whichever its ending names."""
        with _of_the_user():
            relation = self._connection.sql(self._sql)
            relation = relation if limit is None else relation.limit(limit)
            if file.suffix == ".csv":
                relation.write_csv(str(file))
            else:
                relation.write_parquet(str(file), compression="zstd")


@contextmanager
def _of_the_user() -> Iterator[None]:
    try:
        yield
    except duckdb.Error as error:
        raise UsageError(f"this query does not run: {error}") from None


def run_query(
    name: str, *, version: int | None = None, at: datetime | None = None, settings: Settings | None = None
) -> Answer:
    """Answers a named query such as `<domain>/<query>`."""
    query = named_query(name)
    return run_sql(query.sql, version=version, at=at, domain=name.split("/")[0], settings=settings)


def run_sql(sql: str, **which: Any) -> Answer:
    """Answers as `asked` does, all rows at once."""
    with asked(sql, **which) as result:
        return Answer(result.columns, list(result.rows()))


@contextmanager
def asked(
    sql: str,
    *,
    version: int | None = None,
    at: datetime | None = None,
    domain: str | None = None,
    settings: Settings | None = None,
) -> Iterator[Result]:
    """Asks one read-only statement over `layer.table` or `domain.layer.table`.

    version, at: every table as of then; otherwise each as it last passed its checks.
    """
    if version is not None and at is not None:
        raise UsageError("ask for a version or for an instant, not for both")
    settings, moment = settings or get_settings(), Moment(version, at)
    sql = _listing(sql, domain, settings) or sql
    plan = EXPLAINING.match(sql)
    with duckdb_connected(settings, python_enable_replacements="false") as connection:
        tree = parse(sql[plan.end() :] if plan else sql, connection)
        columns = _columns_named(tree)
        for parts in sorted(set(tables_named(tree))):
            if parts[-2:-1] == ("ops",):
                _register_rows(connection, parts, _ops_table(parts, moment, domain, settings))
            elif parts[-2:-1] == ("information_schema",):
                _register_all(connection, domain, settings)
            else:
                _register(connection, parts, columns, moment, domain, settings)
        connection.execute("set lock_configuration = true")
        yield Result(connection, _explained(connection, sql) if plan else sql)


def attached(
    domain: str, *, home: str = "", file: str = "", settings: Settings | None = None
) -> duckdb.DuckDBPyConnection:
    """A connection of DuckDB in which the tables of a domain are views, such as `gold.x`, each as it last passed its
    checks. home: other than the settings say. file: a database that keeps the views: of files that are there now."""
    settings = (settings or get_settings()).model_copy(update={"home": Path(home)} if home else {})
    if settings.lake.startswith("s3"):
        raise UsageError(
            f"{settings.lake} is no folder of this machine; docs/connecting.md says who reads it there"
        )
    connection = duckdb.connect(file) if file else duckdb_connected(settings)
    for name in tables_found(settings, domain):
        _register(connection, (name.layer, name.table), None, Moment(), domain, settings)
    return connection


LISTING = re.compile(
    r"\s*(?:show\s+(?:all\s+)?(tables|databases|schemas)"
    r"|(?:desc(?:ribe)?(?:\s+table)?|show\s+columns\s+(?:from|in))\s+([\w.\"]+))\s*;?\s*",
    re.IGNORECASE,
)
EXPLAINING = re.compile(r"\s*explain\s+(?:analyze\s+)?", re.IGNORECASE)


def _listing(sql: str, domain: str | None, settings: Settings) -> str | None:
    """`show tables`, `show databases` and `describe x` as questions to the tables that list all others."""
    found = LISTING.fullmatch(sql)
    if found is None:
        return None
    if found[1] and found[1].lower() != "tables":
        return (
            "select domain || '.' || layer as database, count(*) as tables, sum(rows)::bigint as rows from ops.tables "
            "group by domain, layer order by domain, list_position(['bronze', 'silver', 'gold'], layer)"
        )
    if found[1]:
        return 'select layer || \'.\' || "table" as "table", rows, description from ops.tables'
    parts = tuple(found[2].replace('"', "").split("."))
    if parts[-2:-1] == ("ops",):
        return None
    name = _resolve(parts, domain, settings)
    return (
        f'select "column", type, unit, meaning from {name.domain}.ops.columns '
        f"where layer = '{name.layer}' and \"table\" = '{name.table}'"
    )


def _explained(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    """A statement that gives DuckDB's plan of another one, line by line."""
    with _of_the_user():
        (_, plan) = connection.execute(sql).fetchone() or ("", "")
    return f"select unnest(string_split({text_literal(plan.rstrip())}, chr(10))) as plan"


def parse(sql: str, connection: duckdb.DuckDBPyConnection) -> Any:
    """The statement as a tree of plain dicts; refuses anything but one SELECT."""
    try:
        statements = connection.extract_statements(sql)
    except duckdb.Error as error:
        raise UsageError(f"this is no SQL that can be read: {error}") from None
    if len(statements) != 1:
        raise UsageError(f"give one statement; this has {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(f"only SELECT is allowed here, not {statements[0].type.name}")
    (text,) = connection.execute("select json_serialize_sql(?::varchar)", [sql]).fetchone() or ("{}",)
    tree = json.loads(text)
    if tree.get("error"):
        raise UsageError(f"this query cannot be read: {tree.get('error_message', 'not a plain SELECT')}")
    readers = {
        node["function"]["function_name"] for node in _nodes(tree) if node.get("type") == "TABLE_FUNCTION"
    }
    if readers - {"unnest", "range", "generate_series"}:
        raise UsageError(f"a query reads tables, not {', '.join(sorted(readers))}(…)")
    return tree


def tables_named(tree: Any) -> Iterator[tuple[str, ...]]:
    nodes = list(_nodes(tree))
    local = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            names = node["catalog_name"], node["schema_name"], node["table_name"]
            parts = tuple(name for name in names if name)
            if len(parts) > 1 or parts[0] not in local:
                yield parts


def _columns_named(tree: Any) -> frozenset[str] | None:
    """Every name that could be a column, in lower case; None where a star asks for all of them."""
    nodes = list(_nodes(tree))
    if any(node.get("class") == "STAR" for node in nodes):
        return None
    using = (name for node in nodes for name in node.get("using_columns", []))
    parts = (part for node in nodes if node.get("class") == "COLUMN_REF" for part in node["column_names"])
    return frozenset(part.lower() for part in (*using, *parts))


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        tree = list(tree.values())
    if isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


ROWS_AT_ONCE = 10_000
NUMBERS = {
    *(f"{sign}{size}int" for sign in ("", "u") for size in ("tiny", "small", "big", "huge")),
    *("integer", "uinteger", "float", "double", "decimal"),
}


def _ops_table(parts: tuple[str, ...], moment: Moment, domain: str | None, settings: Settings) -> "pa.Table":
    from headrace.serve.ops_tables import OPS, ops_table  # here: tables on a disk do without pyarrow

    if moment != Moment():
        raise UsageError(f"{'.'.join(parts)} has no versions; its rows say when they were written")
    wanted = parts[0] if len(parts) > 2 else domain
    if wanted and wanted not in domains_found():
        raise UnknownName("domain", wanted, domains_found())
    if parts[-1] not in OPS:
        raise UnknownName("table", f"ops.{parts[-1]}", [f"ops.{name}" for name in OPS])
    return ops_table(parts[-1], (wanted,) if wanted else domains_found(), settings)


@dataclass(frozen=True)
class Name:
    domain: str
    layer: str
    table: str

    def __str__(self) -> str:
        return f"{self.domain}.{self.layer}.{self.table}"

    def place(self, settings: Settings) -> str:
        return Paths.of(self.domain, settings).table(self.layer, self.table)


def _resolve(parts: tuple[str, ...], domain: str | None, settings: Settings) -> Name:
    """What a query means by `gold.x` or `domain.gold.x`."""
    written = ".".join(parts)
    *above, layer, table = ("", "", *parts)[-3:] if len(parts) < 3 else parts
    if layer not in LAYERS:
        raise UsageError(f"{written!r}: write layer.table, the layer being one of {', '.join(LAYERS)}")
    wanted = [above[0]] if above and above[0] else [domain] if domain else list(domains_found())
    if wanted[0] not in domains_found():
        raise UnknownName("domain", wanted[0], domains_found())
    names = [Name(each, layer, table) for each in wanted]
    found = [name for name in names if is_table(name.place(settings))]
    if len(found) > 1:
        raise UsageError(f"{written!r} could be any of {', '.join(map(str, found))}; put the domain in front")
    if found:
        return found[0]
    known = {
        other: [name for each in wanted for name in tables_in(Paths.of(each, settings), other)]
        for other in LAYERS
    }
    if known[layer]:
        raise UnknownName("table", written, [f"{layer}.{name}" for name in known[layer]])
    if any(known.values()):
        raise UsageError(f"no {layer} table is made yet: run headrace refine")
    raise UsageError("nothing is refined yet: run headrace generate and headrace refine")


def tables_found(settings: Settings, domain: str) -> Iterator[Name]:
    """Every table that exists, layer by layer."""
    for layer in LAYERS:
        yield from (Name(domain, layer, table) for table in tables_in(Paths.of(domain, settings), layer))


def open_table(name: Name, moment: Moment, settings: Settings) -> DeltaTable:
    place = name.place(settings)
    newest = opened(place)
    if moment.at is not None:
        return _as_of(name, newest, moment.at)
    wanted = moment.version
    if wanted is None:
        good = last_good(Paths.of(name.domain, settings), name.layer, name.table)
        wanted = min(good.version, newest.version()) if good else newest.version()
    if wanted > newest.version():
        raise UsageError(f"{name} has no version {wanted}; its newest is {newest.version()}")
    try:
        return newest if wanted == newest.version() else opened(place, wanted)
    except DeltaError as error:
        raise UsageError(f"{name} cannot be read as of version {wanted} any more: {error}") from None


def _as_of(name: Name, newest: DeltaTable, at: datetime) -> DeltaTable:
    instant = at if at.tzinfo else at.replace(tzinfo=UTC)
    first = min(commit["timestamp"] for commit in newest.history())
    if instant.timestamp() * 1000 < first:
        begun = datetime.fromtimestamp(first / 1000, UTC)
        raise UsageError(
            f"{name} did not exist at {at:%Y-%m-%d %H:%M:%S}; it begins at {begun:%Y-%m-%d %H:%M:%S}"
        )
    newest.load_as_version(instant)
    return newest


def _register(
    connection: duckdb.DuckDBPyConnection,
    parts: tuple[str, ...],
    columns: Iterable[str] | None,
    moment: Moment,
    domain: str | None,
    settings: Settings,
) -> None:
    """Makes a table known by the name it was written with; columns: those the query may need, or all.

    A table on a disk is read by DuckDB itself, file by file, so that filters and limits save work; one in a bucket goes
    through deltalake with the columns that the query names.
    """
    name = _resolve(parts, domain, settings)
    try:
        table = open_table(name, moment, settings)
        files = table.file_uris()
        if files and not name.place(settings).startswith("s3"):
            _make_room(connection, parts)
            connection.execute(f"create view {quoted(*parts)} as select * from {from_disk(table)}")
            return
        import pyarrow as pa

        schema = pa.schema(table.schema().to_arrow())
        kept = None if columns is None else [each for each in schema.names if each.lower() in set(columns)]
        rows = table.to_pyarrow_table(columns=kept or schema.names[:1]) if files else schema.empty_table()
        _register_rows(connection, parts, rows)
    except (duckdb.IOException, DeltaError, FileNotFoundError) as error:
        if moment == Moment():
            raise
        raise UsageError(
            f"{name} can no longer be read {moment}; files are kept {settings.hours_kept} hours"
        ) from error


def _register_all(connection: duckdb.DuckDBPyConnection, domain: str | None, settings: Settings) -> None:
    for each in (domain,) if domain else domains_found():
        for name in tables_found(settings, each):
            _register(connection, (each, name.layer, name.table), None, Moment(), each, settings)


def _register_rows(connection: duckdb.DuckDBPyConnection, parts: tuple[str, ...], rows: "pa.Table") -> None:
    _make_room(connection, parts)
    connection.register("_rows", rows)
    connection.execute(f"create table {quoted(*parts)} as select * from _rows")
    connection.unregister("_rows")


def _make_room(connection: duckdb.DuckDBPyConnection, parts: tuple[str, ...]) -> None:
    """The database and the schema that a name is written with."""
    if len(parts) > 2:
        connection.execute(f"attach if not exists ':memory:' as {quoted(parts[0])}")
    connection.execute(f"create schema if not exists {quoted(*parts[:-1])}")
