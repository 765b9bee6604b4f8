"""Tables in Glue, where Athena finds them and reads them as the Delta tables they are.

A table is registered by one call, whole or not at all. Calling again changes nothing, unless its columns, their meaning
or its place have changed. A table that we registered for this lake and that is no longer in it is taken out. A table of
somebody else is never touched.

What Athena's reader of Delta takes is AWS's list: https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
("Considerations and limitations", engine version 3, read in November 2026). What is not on it is not written by us.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from deltalake import DeltaTable

from headrace.aws_errors import refused
from headrace.errors import HeadraceError
from headrace.lake.open_table import is_table, opened
from headrace.lake.paths import Paths, accepted_of, as_s3, rejected_of
from headrace.progress import Event, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.descriptions import said_of, spec_of, told
from headrace.serve.dialects import database_of
from headrace.settings import Settings

MOST_READER_VERSION = 3
READER_FEATURES = frozenset({"columnMapping", "deletionVectors", "timestampNtz"})

_PLAIN = {
    **{name: name for name in ("string", "double", "float", "boolean", "date", "timestamp", "binary")},
    "byte": "tinyint",
    "short": "smallint",
    "integer": "int",
    "long": "bigint",
    "timestamp_ntz": "timestamp",
}


def unreadable(table: DeltaTable) -> list[str]:
    """What of a table Athena would stumble over."""
    protocol = table.protocol()
    found = []
    if protocol.min_reader_version > MOST_READER_VERSION:
        found.append(f"reader version {protocol.min_reader_version}, beyond {MOST_READER_VERSION}")
    strange = set(protocol.reader_features or ()) - READER_FEATURES
    return [*found, *(f"table feature {name}" for name in sorted(strange)), *_strange_types(_fields(table))]


def columns_of(table: DeltaTable) -> dict[str, str]:
    """Each column's type as Athena has it."""
    return {field["name"]: as_athena(field["type"]) for field in _fields(table)}


def as_athena(kind: Any) -> str:
    """A type of Delta's log."""
    if isinstance(kind, str):
        return _PLAIN.get(kind, kind)
    match kind["type"]:
        case "array":
            return f"array<{as_athena(kind['elementType'])}>"
        case "map":
            return f"map<{as_athena(kind['keyType'])},{as_athena(kind['valueType'])}>"
        case _:
            fields = ",".join(f"{each['name']}:{as_athena(each['type'])}" for each in kind["fields"])
            return f"struct<{fields}>"


def _strange_types(fields: list[Mapping[str, Any]]) -> Iterator[str]:
    for field in fields:
        for leaf in _leaves(field["type"]):
            if leaf not in _PLAIN and not leaf.startswith("decimal("):
                yield f"column {field['name']} of type {leaf}"


def _leaves(kind: Any) -> Iterator[str]:
    if isinstance(kind, str):
        yield kind
        return
    inside = [kind[name] for name in ("elementType", "keyType", "valueType") if name in kind]
    for each in [*inside, *(field["type"] for field in kind.get("fields", []))]:
        yield from _leaves(each)


def _fields(table: DeltaTable) -> list[Mapping[str, Any]]:
    fields: list[Mapping[str, Any]] = json.loads(table.schema().to_json())["fields"]
    return fields


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
