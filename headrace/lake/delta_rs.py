"""Delta tables without Spark: read and written through delta-rs, and DuckDB for their files.

A commit of rows that are in memory takes some hundredths of a second, where Spark's takes one. Both write the same open
format under the same name and number of a batch, so whoever reads the log need not know whose commit it is.
"""

import json
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError
from deltalake.transaction import AddAction

from headrace.errors import Busy
from headrace.lake import objects
from headrace.lake.paths import as_s3
from headrace.settings import Settings

if TYPE_CHECKING:  # the one that a command needs is imported where it is used
    import duckdb
    import pyarrow as pa

DUCKDB_MEMORY = "2GB"


def is_table(place: str) -> bool:
    with _named(place):
        return bool(DeltaTable.is_deltatable(as_s3(place)))


def opened(place: str, version: int | None = None) -> DeltaTable:
    with _named(place):
        return DeltaTable(as_s3(place), version=version)


@contextmanager
def _named(place: str) -> Iterator[None]:
    """Errors carry the place of the table."""
    try:
        yield
    except Exception as error:
        error.add_note(as_s3(place))
        raise


@dataclass(frozen=True)
class DataFile:
    path: str
    bytes: int
    rows: int
    partition: str | None
    modified: int = 0
    """Milliseconds since 1970."""


def live_files(table: str, version: int | None = None) -> list[DataFile]:
    """The files that make up the table; of a partitioned one with their partition's value as text."""
    import pyarrow as pa

    files = opened(table, version)
    column = f"partition.{next(iter(files.metadata().partition_columns), None)}"
    actions = pa.table(files.get_add_actions(flatten=True))
    wanted = ("path", "size_bytes", "num_records", "modification_time", column)
    rows = actions.select([name for name in wanted if name in actions.column_names]).to_pylist()
    return [
        DataFile(
            row["path"],
            row["size_bytes"],
            row.get("num_records") or 0,
            None if row.get(column) is None else str(row[column]),
            row["modification_time"],
        )
        for row in rows
    ]


def read_file(file: str, columns: Sequence[str]) -> "pa.Table":
    """Some columns of one file of a table; in one thread, since Spark may be at work beside us."""
    import pyarrow.parquet as pq

    return pq.read_table(as_s3(file), columns=list(columns), partitioning=None, use_threads=False)


def partition_column(table: str) -> str | None:
    return next(iter(opened(table).metadata().partition_columns), None)


MOST_IN_MEMORY = 2_000_000
"""Rows up to which a batch is written from this process's memory; larger ones are left to Spark."""


def append_once(
    path: str,
    rows: "pa.Table | pa.RecordBatchReader",
    *,
    app: str,
    number: int,
    note: Mapping[str, Any],
    partition: str | None = None,
    also: Mapping[str, int] | None = None,
    properties: Mapping[str, str | None] | None = None,
) -> None:
    """Whether the batch was written before is for the caller to ask. One that another run has stored meanwhile, after
    this one had been held up for longer than its lease, is refused: it is looked for in the very snapshot that the
    commit is made on, and two commits of one batch on it conflict.

    also: versions of other apps that the commit carries; properties: of a table that is made by this.
    """
    table = DeltaTable(path) if DeltaTable.is_deltatable(path) else None
    with _once(path, table, app, number):
        write_deltalake(
            table or path,
            _all_nullable(rows),
            mode="append",
            partition_by=partition,
            configuration=properties if table is None else None,
            **commit_options(note, {app: number, **(also or {})}),
        )


def merge_once(
    path: str,
    rows: "pa.Table",
    keys: Sequence[str],
    *,
    app: str,
    number: int,
    note: Mapping[str, Any],
    gone: str,
) -> None:
    """Puts rows in the place of those with their keys, by a commit that happens once, as `append_once` does. gone: a
    column of the rows, not of the table, that says of which key nothing stays."""
    table = DeltaTable(path)
    same_key = " AND ".join(f"target.`{key}` = source.`{key}`" for key in keys)
    merge = table.merge(
        _all_nullable(rows),
        same_key,
        source_alias="source",
        target_alias="target",
        streamed_exec=False,  # else no file is passed over for the bounds of its keys
        **commit_options(note, {app: number}),
    )
    merge = merge.when_matched_delete(f"source.`{gone}`").when_matched_update_all(except_cols=[gone])
    merge = merge.when_not_matched_insert_all(f"NOT source.`{gone}`", except_cols=[gone])
    with _once(path, table, app, number):
        merge.execute()


def replace_once(
    path: str, rows: "pa.Table", within: str, *, app: str, number: int, note: Mapping[str, Any]
) -> None:
    """Puts rows in the place of those within a condition, which the new ones are within, too; for the rest as
    `append_once`."""
    table = DeltaTable(path)
    with _once(path, table, app, number):
        write_deltalake(
            table,
            _all_nullable(rows),
            mode="overwrite",
            predicate=within,
            **commit_options(note, {app: number}),
        )


@contextmanager
def _once(path: str, table: DeltaTable | None, app: str, number: int) -> Iterator[None]:
    """Refuses what would store a batch that is stored by now."""
    _check_new(table, app, number)
    try:
        yield
    except CommitFailedError:
        _check_new(DeltaTable(path), app, number)
        raise


@dataclass(frozen=True)
class NewFile:
    """A file of Parquet in a table's folder that no version has yet; `stats` as Delta's log has them."""

    path: str
    bytes: int
    stats: str


def append_files(
    path: str, files: Sequence[NewFile], *, app: str, number: int, note: Mapping[str, Any]
) -> None:
    """Adds files that others wrote, in one commit; for the rest as `append_once`. The table is not partitioned."""
    table, now = DeltaTable(path), int(time.time() * 1000)
    _check_new(table, app, number)
    adds = [AddAction(each.path, each.bytes, {}, now, True, each.stats) for each in files]
    properties = commit_options(note, {app: number})["commit_properties"]
    table.create_write_transaction(adds, "append", table.schema(), commit_properties=properties)


def overwrite(
    path: str, rows: "pa.Table", *, note: Mapping[str, Any], partition: str | None, only: list[str] | None
) -> None:
    """Puts rows in the place of a table's, or of those in some partitions; the whole may have other columns. only:
    the days of these partitions."""
    named = ", ".join(f"'{day}'" for day in only or ())
    write_deltalake(
        path,
        _commented(rows, path),
        mode="overwrite",
        partition_by=partition,
        schema_mode="overwrite" if only is None else None,
        predicate=None if only is None else f"{partition} IN ({named})",
        **commit_options(note),
    )


def describe(place: str, description: str, comments: Mapping[str, str]) -> bool:
    """Has the table's log say what it and its columns are, for readers that know nothing else of it; says whether
    anything was new. One commit: delta-rs would make one of each column. Only for whoever may write the table."""
    table = opened(place)
    schema, metadata = json.loads(table.schema().to_json()), table.metadata()
    known = {field["name"]: field["metadata"].get("comment", "") for field in schema["fields"]}
    wanted = {name: comments.get(name, "") or said for name, said in known.items()}
    if (wanted, description) == (known, metadata.description or ""):
        return False
    for field in schema["fields"]:
        if wanted[field["name"]]:
            field["metadata"]["comment"] = wanted[field["name"]]
    actions = {
        "commitInfo": {"timestamp": time.time_ns() // 1_000_000, "operation": "UPDATE TABLE METADATA"},
        "metaData": {
            "id": str(metadata.id),
            "name": metadata.name,
            "description": description,
            "format": {"provider": "parquet", "options": {}},
            "schemaString": json.dumps(schema),
            "partitionColumns": metadata.partition_columns,
            "createdTime": metadata.created_time,
            "configuration": metadata.configuration,
        },
    }
    lines = "".join(f"{json.dumps({kind: said})}\n" for kind, said in actions.items())
    if not objects.put_new(f"{place}/_delta_log/{table.version() + 1:020d}.json", lines.encode()):
        raise Busy(f"{place}: somebody else wrote it while it was described; nothing is there twice")
    return True


def commit_options(note: Mapping[str, Any], apps: Mapping[str, int] | None = None) -> dict[str, Any]:
    """Of a commit: its codec, its batch as the apps number it, and its note where Spark's commits have one."""
    return {
        "writer_properties": WriterProperties(compression="ZSTD"),
        "commit_properties": CommitProperties(
            custom_metadata={"userMetadata": json.dumps(note, default=str)},
            app_transactions=[Transaction(*each) for each in (apps or {}).items()],
        ),
    }


def _check_new(table: DeltaTable | None, app: str, number: int) -> None:
    stored = table.transaction_version(app) if table is not None else None
    if table is not None and stored is not None and stored >= number:
        raise Busy(
            f"{table.table_uri}: batch {number} was stored by another run meanwhile; nothing is there twice"
        )


def _all_nullable(rows: "pa.Table | pa.RecordBatchReader") -> "pa.Table | pa.RecordBatchReader":
    """A literal is never null; a table made with such a column would refuse rows from elsewhere."""
    import pyarrow as pa

    return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))


def _commented(rows: "pa.Table", path: str) -> "pa.Table":
    """With what the table that they replace says of columns of the same name."""
    import pyarrow as pa

    rows = _all_nullable(rows)
    fields = json.loads(opened(path).schema().to_json())["fields"] if is_table(path) else ()
    comments = {field["name"]: field["metadata"] for field in fields}
    return rows.cast(pa.schema([field.with_metadata(comments.get(field.name)) for field in rows.schema]))


def quoted(*parts: str) -> str:
    """A name as DuckDB's SQL has it."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def listed(names: Iterable[str], of: str = "") -> str:
    """Columns as DuckDB's SQL has them, of some table; each once."""
    return ", ".join(quoted(of, name) if of else quoted(name) for name in dict.fromkeys(names))


def text_literal(value: str) -> str:
    """A text as SQL has it."""
    return "'" + value.replace("'", "''") + "'"


def from_disk(table: DeltaTable) -> str:
    """The files of a table on a disk as DuckDB reads them itself, so that filters and limits save work."""
    kinds = {field.name: field.type for field in table.schema().fields}
    partitions = table.metadata().partition_columns
    typed = ", ".join(f"{quoted(name)}: {kinds[name].type.upper()}" for name in partitions)
    hive = f"hive_partitioning=true, hive_types={{{typed}}}" if partitions else "hive_partitioning=false"
    files = (unquote(urlsplit(uri).path) if uri.startswith("file:") else uri for uri in table.file_uris())
    return f"read_parquet([{', '.join(map(text_literal, files))}], union_by_name=true, {hive})"


def name_table(db: "duckdb.DuckDBPyConnection", name: str, place: str, version: int | None = None) -> None:
    """Gives a table of the lake a name in a database."""
    import pyarrow as pa

    table = opened(place, version)
    if not table.file_uris() or as_s3(place).startswith("s3:"):
        db.register(name, table.to_pyarrow_dataset())
        return
    db.register(f"{name}_columns", pa.schema(table.schema().to_arrow()).empty_table())
    files = f"SELECT * FROM {from_disk(table)} UNION ALL BY NAME SELECT * FROM {name}_columns"
    db.execute(f"CREATE OR REPLACE VIEW {name} AS {files}")  # of a column that is new no file has heard


def duckdb_connected(settings: Settings, **options: Any) -> "duckdb.DuckDBPyConnection":
    """DuckDB in UTC, with a bound on its memory and a folder for what exceeds it."""
    import duckdb

    spill = (settings.home / "spill" / "duckdb").absolute()
    with suppress(OSError):  # whoever may only read the lake has to do with memory
        spill.parent.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect(config={"memory_limit": DUCKDB_MEMORY, "temp_directory": str(spill), **options})
    db.execute("SET TimeZone = 'UTC'")
    return db
