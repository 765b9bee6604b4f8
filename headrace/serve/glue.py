"""Tables in Glue, where Athena finds them and reads them as the Delta tables they are.

A table is registered by one call, whole or not at all. Calling again changes nothing, unless its columns, their meaning
or its place have changed; what is registered by us for this lake and no longer in it is taken out. A table of somebody
else's is never touched.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from deltalake import DeltaTable

from headrace.errors import HeadraceError
from headrace.lake.opened import is_table, opened
from headrace.lake.paths import Paths, accepted_of, as_s3, rejected_of
from headrace.progress import Event, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.meanings import said_of, spec_of, told
from headrace.refusals import refused
from headrace.serve.athena import database_of
from headrace.serve.readable import columns_of, unreadable
from headrace.settings import Settings

LAYERS = ("silver", "gold")
LONGEST_COMMENT, LONGEST_DESCRIPTION = 255, 2000
OURS = {"made_by": "headrace"}
AS_DELTA = {"EXTERNAL": "TRUE", "table_type": "DELTA", "spark.sql.sources.provider": "delta"}
FORMAT = {
    "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
}
SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"

Definition = dict[str, Any]


@dataclass(frozen=True)
class Published:
    """outcome: created, changed, unchanged, removed; waiting where nothing is refined yet."""

    database: str
    table: str
    outcome: str


def publish(domain: str, settings: Settings, layers: Iterable[str] = LAYERS) -> list[Published]:
    _check(settings)
    catalog, client = load_tables(domain), boto3.client("glue")
    done: list[Published] = []
    for layer in layers:
        database = f"{settings.database_prefix}{database_of(domain, layer)}"
        with refused(f"database {database} in Glue", "HEADRACE_DATABASE_PREFIX"):
            done += _published(client, database, _wanted(catalog, layer, settings), as_s3(settings.lake))
    for each in done:
        tell(Event("publish", f"{each.database}.{each.table}", "done", note=each.outcome))
    return done


def _check(settings: Settings) -> None:
    if not settings.lake.startswith("s3a://"):
        raise HeadraceError(
            f"Athena reads tables in S3, and these lie in {settings.lake}; set HEADRACE_LAKE_URL "
            "(headrace configure --from-terraform infra/envs/dev)"
        )


def _wanted(catalog: Catalog, layer: str, settings: Settings) -> dict[str, Definition | None]:
    """How each table is to be registered; None for one that is not made yet."""
    found: dict[str, Definition | None] = {}
    for name in catalog.tables(layer):
        found[name] = _found(name, layer, catalog, settings)
        beside = rejected_of(name)
        if layer == "silver" and (rejected := _found(beside, layer, catalog, settings)):
            found[beside] = rejected
    return found


def _found(name: str, layer: str, catalog: Catalog, settings: Settings) -> Definition | None:
    url = as_s3(Paths.of(catalog.domain, settings).table(layer, name))
    return _definition(name, opened(url), layer, catalog, url) if is_table(url) else None


def _definition(name: str, table: DeltaTable, layer: str, catalog: Catalog, url: str) -> Definition:
    stumbles = unreadable(table)
    if stumbles:
        raise HeadraceError(f"{url} is beyond what Athena reads: {', '.join(stumbles)}")
    source, partitions = accepted_of(name), table.metadata().partition_columns
    columns = {
        column: _column(column, kind, told(spec_of(column, layer, source, catalog)))
        for column, kind in columns_of(table).items()
    }
    said = said_of(layer, source, catalog)
    return {
        "Name": name,
        "Description": _short(f"Rejected: {said}" if name != source else said, LONGEST_DESCRIPTION),
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {**AS_DELTA, **OURS},
        "PartitionKeys": [columns[each] for each in partitions],
        "StorageDescriptor": {
            **FORMAT,
            "Columns": [each for column, each in columns.items() if column not in partitions],
            "Location": f"{url}/",
            "SerdeInfo": {
                "SerializationLibrary": SERDE,
                "Parameters": {"path": f"{url}/", "serialization.format": "1"},
            },
        },
    }


def _column(name: str, kind: str, meaning: str) -> dict[str, str]:
    comment = {"Comment": _short(meaning, LONGEST_COMMENT)} if meaning else {}
    return {"Name": name, "Type": kind, **comment}


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _published(
    client: Any, database: str, wanted: Mapping[str, Definition | None], lake: str
) -> Iterator[Published]:
    there = {
        each["Name"]: each
        for page in client.get_paginator("get_tables").paginate(DatabaseName=database)
        for each in page["TableList"]
    }
    gone = [
        name
        for name, each in sorted(there.items())
        if wanted.get(name) is None and _is_ours(each) and _place(each).startswith(f"{lake}/")
    ]
    made = {name: definition for name, definition in wanted.items() if definition is not None}
    _refuse_others([there[name] for name in made if name in there], database)
    for name in wanted:
        if name in made:
            yield Published(database, name, _settle(client, database, made[name], there.get(name)))
        elif name not in gone:
            yield Published(database, name, "waiting")
    for name in gone:
        client.delete_table(DatabaseName=database, Name=name)
        yield Published(database, name, "removed")


def _is_ours(table: Definition) -> bool:
    return bool(table.get("Parameters", {}).items() >= OURS.items())


def _place(table: Definition) -> str:
    return as_s3(str(table.get("StorageDescriptor", {}).get("Location", "")))


def _refuse_others(there: Iterable[Definition], database: str) -> None:
    """Before anything in their database is changed."""
    others = [each for each in there if not _is_ours(each)]
    if others:
        found = ", ".join(
            f"{database}.{each['Name']} ({_place(each) or 'without a place'})" for each in others
        )
        raise HeadraceError(
            f"registered by somebody else: {found}. Drop or rename it in Glue, publish into databases of your own "
            "(HEADRACE_DATABASE_PREFIX), or hand it over by setting its parameter made_by to headrace."
        )


def _settle(client: Any, database: str, wanted: Definition, there: Definition | None) -> str:
    if there is None:
        client.create_table(DatabaseName=database, TableInput=wanted)
        return "created"
    takes = client.meta.service_model.shape_for("TableInput").members
    before = {key: value for key, value in there.items() if key in takes}
    after = _upon(before, wanted)
    if after == before:
        return "unchanged"
    client.update_table(DatabaseName=database, TableInput=after)
    return "changed"


def _upon(there: Any, wanted: Any) -> Any:
    """What else Glue, Athena, a crawler or a person wrote beside stays; what a column means is ours to say."""
    if isinstance(wanted, dict):
        return {
            **(there or {}),
            **{key: _upon((there or {}).get(key), value) for key, value in wanted.items()},
        }
    if isinstance(wanted, list):
        columns = {each["Name"]: {**each, "Comment": None} for each in there or ()}
        return [_without_none(_upon(columns.get(each["Name"]), each)) for each in wanted]
    return wanted


def _without_none(column: Definition) -> Definition:
    return {key: value for key, value in column.items() if value is not None}
