"""Tables in Glue, where Athena finds them and reads them as the Delta tables they are.

A table is registered by one call, whole or not at all. Calling again changes nothing, unless its columns, their meaning
or its place have changed; what is registered by us and no longer in the lake is taken out.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
from deltalake import DeltaTable

from headrace.errors import HeadraceError
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
            done += _published(client, database, _wanted(catalog, layer, settings))
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
    return _definition(name, DeltaTable(url), layer, catalog, url) if DeltaTable.is_deltatable(url) else None


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


def _published(client: Any, database: str, wanted: Mapping[str, Definition | None]) -> Iterator[Published]:
    there = {
        each["Name"]: each
        for page in client.get_paginator("get_tables").paginate(DatabaseName=database)
        for each in page["TableList"]
    }
    for name, definition in wanted.items():
        if definition is not None:
            outcome = _settle(client, database, definition, there.get(name))
            yield Published(database, name, outcome)
        elif name not in there:
            yield Published(database, name, "waiting")
    for name in sorted(there):
        if wanted.get(name) is None and there[name].get("Parameters", {}).items() >= OURS.items():
            client.delete_table(DatabaseName=database, Name=name)
            yield Published(database, name, "removed")


def _settle(client: Any, database: str, wanted: Definition, there: Definition | None) -> str:
    if there is None:
        client.create_table(DatabaseName=database, TableInput=wanted)
        return "created"
    if _holds(there, wanted):
        return "unchanged"
    kept = {**there.get("Parameters", {}), **wanted["Parameters"]}
    client.update_table(DatabaseName=database, TableInput={**wanted, "Parameters": kept})
    return "changed"


def _holds(there: Any, wanted: Any) -> bool:
    """What else Glue, Athena or a crawler wrote beside is theirs."""
    if isinstance(wanted, dict):
        return isinstance(there, dict) and all(_holds(there.get(key), value) for key, value in wanted.items())
    return bool(there == wanted)
