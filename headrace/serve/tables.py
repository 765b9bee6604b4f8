"""The tables a query may name, as DuckDB sees them: `gold.x`, or `<domain>.gold.x`.

A table on a disk is read by DuckDB itself, file by file, so that filters and limits save work; one in a
bucket goes through deltalake with the columns that the query names.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import duckdb
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from headrace.contracts.load import domains_found
from headrace.errors import UnknownName, UsageError
from headrace.lake import objects
from headrace.lake.open_table import is_table, opened
from headrace.lake.paths import LAYERS, Paths, as_s3
from headrace.settings import Settings

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Moment:
    """Which version of every table is meant; by default the one that passed its checks last."""

    version: int | None = None
    at: datetime | None = None

    def __str__(self) -> str:
        return f"as of {self.at:%Y-%m-%d %H:%M:%S}" if self.at else f"as of version {self.version}"


@dataclass(frozen=True, order=True)
class Name:
    domain: str
    layer: str
    table: str

    def __str__(self) -> str:
        return f"{self.domain}.{self.layer}.{self.table}"


def resolve(parts: tuple[str, ...], domain: str | None, settings: Settings) -> Name:
    """What a query means by `gold.x` or `domain.gold.x`."""
    written = ".".join(parts)
    *above, layer, table = ("", "", *parts)[-3:] if len(parts) < 3 else parts
    if layer not in LAYERS:
        raise UsageError(f"{written!r}: write layer.table, the layer being one of {', '.join(LAYERS)}")
    wanted = [above[0]] if above and above[0] else [domain] if domain else list(domains_found())
    if wanted[0] not in domains_found():
        raise UnknownName("domain", wanted[0], domains_found())
    found = [name for name in (Name(each, layer, table) for each in wanted) if exists(name, settings)]
    if len(found) > 1:
        raise UsageError(f"{written!r} could be any of {', '.join(map(str, found))}; put the domain in front")
    if not found:
        known = [f"{layer}.{name}" for each in wanted for name in names_in(each, layer, settings)]
        if not known:
            raise UsageError(_nothing_in(layer, wanted, settings))
        raise UnknownName("table", written, known)
    return found[0]


def _nothing_in(layer: str, domains: Iterable[str], settings: Settings) -> str:
    if any(names_in(domain, other, settings) for domain in domains for other in LAYERS):
        return f"no {layer} table is made yet: run headrace refine"
    return "nothing is refined yet: run headrace generate and headrace refine"


def exists(name: Name, settings: Settings) -> bool:
    return is_table(location(name, settings))


def location(name: Name, settings: Settings) -> str:
    return as_s3(Paths.of(name.domain, settings).table(name.layer, name.table))


def names_in(domain: str, layer: str, settings: Settings) -> list[str]:
    folder = Paths.of(domain, settings).table(layer, "")
    if folder.startswith("s3"):
        return sorted({url.removeprefix(folder).split("/")[0] for url in objects.list_under(folder)})
    return sorted(path.name for path in Path(folder).glob("*/")) if Path(folder).exists() else []


def open_table(name: Name, moment: Moment, settings: Settings) -> DeltaTable:
    url = location(name, settings)
    newest = opened(url)
    if moment.at is not None:
        return _as_of(name, newest, moment.at)
    wanted = moment.version
    if wanted is None:
        good = objects.get_json(Paths.of(name.domain, settings).published(name.layer, name.table))
        wanted = min(good["version"], newest.version()) if good else newest.version()
    if wanted > newest.version():
        raise UsageError(f"{name} has no version {wanted}; its newest is {newest.version()}")
    try:
        return newest if wanted == newest.version() else opened(url, wanted)
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


def register(
    connection: duckdb.DuckDBPyConnection,
    written: tuple[str, ...],
    table: DeltaTable,
    columns: Iterable[str] | None,
) -> None:
    """Makes the table known by the name it was written with; columns: those the query may need, or all."""
    files = [_local(uri) for uri in table.file_uris()]
    if files and all(file is not None for file in files):
        listed = ", ".join(_literal(str(file)) for file in files)
        _make_room(connection, written)
        source = f"read_parquet([{listed}], {_options(table)})"
        connection.execute(f"create view {_quoted(*written)} as select * from {source}")
        return
    import pyarrow as pa  # here: tables on a disk do without

    schema = pa.schema(table.schema().to_arrow())
    kept = None if columns is None else [name for name in schema.names if name.lower() in set(columns)]
    rows = table.to_pyarrow_table(columns=kept or schema.names[:1]) if files else schema.empty_table()
    register_rows(connection, written, rows)


def register_rows(connection: duckdb.DuckDBPyConnection, written: tuple[str, ...], rows: "pa.Table") -> None:
    _make_room(connection, written)
    connection.register("_rows", rows)
    connection.execute(f"create table {_quoted(*written)} as select * from _rows")
    connection.unregister("_rows")


def _make_room(connection: duckdb.DuckDBPyConnection, written: tuple[str, ...]) -> None:
    """The database and the schema that a name is written with."""
    if len(written) > 2:
        connection.execute(f"attach if not exists ':memory:' as {_quoted(written[0])}")
    connection.execute(f"create schema if not exists {_quoted(*written[:-1])}")


def _options(table: DeltaTable) -> str:
    kinds = {field.name: field.type for field in table.schema().fields}
    partitions = table.metadata().partition_columns
    typed = ", ".join(f"{_quoted(name)}: {kinds[name].type.upper()}" for name in partitions)
    hive = f"hive_partitioning=true, hive_types={{{typed}}}" if partitions else "hive_partitioning=false"
    return f"union_by_name=true, {hive}"


def _local(uri: str) -> Path | None:
    parts = urlsplit(uri)
    if parts.scheme not in ("", "file"):
        return None
    return Path(unquote(parts.path)) if parts.scheme else Path(uri)


def _quoted(*parts: str) -> str:
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
