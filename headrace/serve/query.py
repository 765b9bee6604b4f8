"""Answers from the tables without Spark: named queries of the domains, and any SQL that only reads.

`ops.scans` has a row for every check of every scan, `ops.ledger` one for every write.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
from deltalake.exceptions import DeltaError

from headrace.contracts.load import domain_folder, domains_found
from headrace.errors import UnknownName, UsageError
from headrace.lake import duck, ledger, objects
from headrace.lake.paths import Paths
from headrace.serve.tables import Moment, open_table, register, register_rows, resolve
from headrace.settings import Settings, get_settings

if TYPE_CHECKING:
    import pyarrow as pa

OPS = "ops"
TEXT, NUMBER = "string", "int64"
SCANS = {
    **dict.fromkeys(("scanned_at", "as_of", "domain", "layer", "table", "name"), TEXT),
    **dict.fromkeys(("outcome", "detail", "found", "expected"), TEXT),
    "version": NUMBER,
}
LEDGER = {
    **dict.fromkeys(("finished_at", "domain", "layer", "table", "write", "batch", "run"), TEXT),
    "rows_in": NUMBER,
    "counts": TEXT,
    "version": NUMBER,
    "seconds": "float64",
}


def ops_table(name: str, domains: tuple[str, ...], settings: Settings) -> "pa.Table":
    """counts is the JSON text of the terms that go with the way of writing."""
    import pyarrow as pa  # here: tables on a disk do without

    if name not in ("scans", "ledger"):
        raise UnknownName("table", f"{OPS}.{name}", [f"{OPS}.scans", f"{OPS}.ledger"])
    rows_of, columns = (_scans, SCANS) if name == "scans" else (_ledger, LEDGER)
    rows = [row for domain in domains for row in rows_of(Paths.of(domain, settings))]
    schema = pa.schema([(name, pa.type_for_alias(kind)) for name, kind in columns.items()])
    return pa.Table.from_pylist(rows, schema=schema)


def _scans(paths: Paths) -> Iterator[dict[str, Any]]:
    for checks in objects.all_json(paths.scans):
        yield from checks


def _ledger(paths: Paths) -> Iterator[dict[str, Any]]:
    for entry in ledger.all_entries(paths):
        yield {**asdict(entry), "domain": paths.domain, "counts": json.dumps(entry.counts)}


@dataclass(frozen=True)
class Answer:
    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def as_dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


@dataclass(frozen=True)
class NamedQuery:
    """A file in a domain's `queries/`; its first comment says what it answers."""

    name: str
    question: str
    sql: str


def list_queries() -> dict[str, str]:
    """The question that each named query answers."""
    return {query.name: query.question for query in _queries()}


def named_query(name: str) -> NamedQuery:
    known = {query.name: query for query in _queries()}
    if name not in known:
        raise UnknownName("query", name, known)
    return known[name]


def run_query(
    name: str, *, version: int | None = None, at: datetime | None = None, settings: Settings | None = None
) -> Answer:
    """Answers a named query such as `<domain>/<query>`."""
    query = named_query(name)
    return run_sql(query.sql, version=version, at=at, domain=name.split("/")[0], settings=settings)


def run_sql(
    sql: str,
    *,
    version: int | None = None,
    at: datetime | None = None,
    domain: str | None = None,
    settings: Settings | None = None,
) -> Answer:
    """Answers one read-only statement over `layer.table` or `domain.layer.table`.

    version, at: every table as of then; otherwise each as it last passed its checks.
    """
    if version is not None and at is not None:
        raise UsageError("ask for a version or for an instant, not for both")
    settings = settings or get_settings()
    with duck.connect(settings, python_enable_replacements="false") as connection:
        _register_all(connection, parse(sql, connection), Moment(version, at), domain, settings)
        connection.execute("set lock_configuration = true")
        try:
            found = connection.execute(sql)
            return Answer(tuple(column[0] for column in found.description or ()), found.fetchall())
        except duckdb.Error as error:
            raise UsageError(f"this query does not run: {error}") from None


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


def _register_all(
    connection: duckdb.DuckDBPyConnection, tree: Any, moment: Moment, domain: str | None, settings: Settings
) -> None:
    columns = _columns_named(tree)
    for parts in sorted(set(tables_named(tree))):
        if parts[-2:-1] == (OPS,):
            _register_ops(connection, parts, moment, domain, settings)
            continue
        name = resolve(parts, domain, settings)
        try:
            register(connection, parts, open_table(name, moment, settings), columns)
        except (duckdb.IOException, DeltaError, FileNotFoundError) as error:
            if moment == Moment():
                raise
            raise UsageError(
                f"{name} can no longer be read {moment}; files are kept {settings.hours_kept} hours"
            ) from error


def _register_ops(
    connection: duckdb.DuckDBPyConnection,
    parts: tuple[str, ...],
    moment: Moment,
    domain: str | None,
    settings: Settings,
) -> None:
    if moment != Moment():
        raise UsageError(f"{'.'.join(parts)} has no versions; its rows say when they were written")
    wanted = parts[0] if len(parts) > 2 else domain
    if wanted and wanted not in domains_found():
        raise UnknownName("domain", wanted, domains_found())
    register_rows(connection, parts, ops_table(parts[-1], (wanted,) if wanted else domains_found(), settings))


def tables_named(tree: Any) -> Iterator[tuple[str, ...]]:
    nodes = list(_nodes(tree))
    local = {entry["key"] for node in nodes for entry in node.get("cte_map", {}).get("map", [])}
    for node in nodes:
        if node.get("type") == "BASE_TABLE":
            parts = tuple(
                part for part in (node["catalog_name"], node["schema_name"], node["table_name"]) if part
            )
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
        for value in tree.values():
            yield from _nodes(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value)


def _queries() -> Iterator[NamedQuery]:
    for domain in domains_found():
        for file in sorted((domain_folder(domain) / "queries").glob("*.sql")):
            sql = file.read_text()
            yield NamedQuery(f"{domain}/{file.stem}", _question(sql), sql)


def _question(sql: str) -> str:
    said = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        said.append(line.removeprefix("--").strip())
    return " ".join(said)
