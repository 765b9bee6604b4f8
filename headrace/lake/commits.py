"""Writes rows that are in memory.

Such a commit takes some hundredths of a second, where Spark's takes one. Both write the same open format under the
same name and number of a batch, so whoever reads the log need not know whose commit it is.
"""

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
from deltalake import CommitProperties, DeltaTable, Transaction, WriterProperties, write_deltalake
from deltalake.exceptions import CommitFailedError

from headrace.errors import Busy

MOST_IN_MEMORY = 2_000_000
"""Rows up to which a batch is written from this process's memory; larger ones are left to Spark."""


def append_once(
    path: str,
    rows: pa.Table,
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
    _check_new(table, app, number)
    try:
        write_deltalake(
            table or path,
            _all_nullable(rows),
            mode="append",
            partition_by=partition,
            configuration=properties if table is None else None,
            writer_properties=WriterProperties(compression="ZSTD"),
            commit_properties=CommitProperties(
                custom_metadata=note_of(note),
                app_transactions=[Transaction(*each) for each in ({app: number} | dict(also or {})).items()],
            ),
        )
    except CommitFailedError:
        _check_new(DeltaTable(path), app, number)
        raise


def overwrite(
    path: str, rows: pa.Table, *, note: Mapping[str, Any], partition: str | None, only: list[str] | None
) -> None:
    """Puts rows in the place of a table's, or of those in some partitions; the whole may have other columns. only:
    the days of these partitions."""
    named = ", ".join(f"'{day}'" for day in only or ())
    write_deltalake(
        path,
        _all_nullable(rows),
        mode="overwrite",
        partition_by=partition,
        schema_mode="overwrite" if only is None else None,
        predicate=None if only is None else f"{partition} IN ({named})",
        writer_properties=WriterProperties(compression="ZSTD"),
        commit_properties=CommitProperties(custom_metadata=note_of(note)),
    )


def note_of(note: Mapping[str, Any]) -> dict[str, str]:
    """What a commit of delta-rs says of itself, where Spark's commits say it."""
    return {"userMetadata": json.dumps(note, default=str)}


def _check_new(table: DeltaTable | None, app: str, number: int) -> None:
    stored = table.transaction_version(app) if table is not None else None
    if table is not None and stored is not None and stored >= number:
        raise Busy(
            f"{table.table_uri}: batch {number} was stored by another run meanwhile; nothing is there twice"
        )


def _all_nullable(rows: pa.Table) -> pa.Table:
    """A literal is never null; a table made with such a column would refuse rows from elsewhere."""
    return rows.cast(pa.schema([field.with_nullable(True) for field in rows.schema]))
