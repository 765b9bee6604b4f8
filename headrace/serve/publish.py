"""Tables and named queries where people ask: in Athena by way of Glue, in Databricks by way of Unity Catalog. Both read
the Delta tables as they lie in the lake. A table is registered by one call; one that is not made yet is left alone."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import boto3
import sqlglot
from deltalake import DeltaTable
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession
from sqlglot import expressions as sql

from headrace.aws_errors import refused
from headrace.errors import HeadraceError, useful_line
from headrace.lake.delta_rs import is_table, opened
from headrace.lake.paths import LAYERS, Paths, accepted_of, as_s3, rejected_of
from headrace.lake.session import get_spark
from headrace.progress import Event, tell
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.descriptions import meaning_of
from headrace.serve.named_queries import named_queries
from headrace.settings import Settings

PUBLISHED_LAYERS = ("silver", "gold")


@dataclass(frozen=True)
class Published:
    """outcome: created, changed, unchanged, removed; waiting where nothing is refined yet."""

    database: str
    table: str
    outcome: str


def _reported(done: Iterable[Published]) -> list[Published]:
    results = list(done)
    for each in results:
        tell(Event("publish", f"{each.database}.{each.table}", "done", note=each.outcome))
    return results


def _tables(catalog: Catalog, layer: str, settings: Settings) -> Iterator[tuple[str, str | None, str]]:
    """Each table with its place, None where it is not made yet, and its meaning; rejected rows where there are any."""
    paths = Paths.of(catalog.domain, settings)
    for table in catalog.tables(layer):
        place, rejected = as_s3(paths.table(layer, table)), as_s3(paths.rejected(table))
        yield table, place if is_table(place) else None, meaning_of(catalog, layer, table)
        if layer == "silver" and is_table(rejected):
            yield rejected_of(table), rejected, meaning_of(catalog, layer, rejected_of(table))


# What Athena's reader of Delta takes is AWS's list: https://docs.aws.amazon.com/athena/latest/ug/delta-lake-tables.html
# ("Considerations and limitations", engine version 3, read in November 2026). What is not on it is not written by us.
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
    found += [
        f"table feature {each}" for each in sorted({*(protocol.reader_features or ())} - READER_FEATURES)
    ]
    for field in _fields(table):
        try:
            _as_athena(field["type"])
        except KeyError as error:
            found.append(f"column {field['name']} of type {error.args[0]}")
    return found


def _fields(table: DeltaTable) -> list[Mapping[str, Any]]:
    fields: list[Mapping[str, Any]] = json.loads(table.schema().to_json())["fields"]
    return fields


def _as_athena(kind: Any) -> str:
    """A type of Delta's log as Athena writes it; KeyError for one that Athena does not read."""
    if isinstance(kind, str):
        return kind if kind.startswith("decimal(") else _PLAIN[kind]
    match kind["type"]:
        case "array":
            return f"array<{_as_athena(kind['elementType'])}>"
        case "map":
            return f"map<{_as_athena(kind['keyType'])},{_as_athena(kind['valueType'])}>"
        case _:
            fields = ",".join(f"{each['name']}:{_as_athena(each['type'])}" for each in kind["fields"])
            return f"struct<{fields}>"


LONGEST_COMMENT, LONGEST_DESCRIPTION = 255, 2000
OURS = {"made_by": "headrace"}
AS_DELTA = {"EXTERNAL": "TRUE", "table_type": "DELTA", "spark.sql.sources.provider": "delta"}
FORMAT = {
    "InputFormat": "org.apache.hadoop.mapred.SequenceFileInputFormat",
    "OutputFormat": "org.apache.hadoop.hive.ql.io.HiveSequenceFileOutputFormat",
}
SERDE = "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"

Definition = dict[str, Any]


def database_of(domain: str, layer: str) -> str:
    return f"{domain}_{layer}"


def publish_in_glue(
    domain: str, settings: Settings, layers: Iterable[str] = PUBLISHED_LAYERS
) -> list[Published]:
    """Calling again changes nothing, unless a table's columns, their meaning or its place have changed. A table that
    we registered for this lake and that is no longer in it is taken out; one of somebody else is never touched."""
    if not settings.lake.startswith("s3a://"):
        raise HeadraceError(
            f"Athena reads tables in S3, and these lie in {settings.lake}; set HEADRACE_LAKE_URL "
            "(headrace configure --from-terraform infra/envs/dev)"
        )
    catalog, client = load_tables(domain), boto3.client("glue")
    done: list[Published] = []
    for layer in layers:
        database = f"{settings.database_prefix}{database_of(domain, layer)}"
        with refused(f"database {database} in Glue", "HEADRACE_DATABASE_PREFIX"):
            wanted = {
                name: None if url is None else _definition(name, url, meaning, layer, catalog)
                for name, url, meaning in _tables(catalog, layer, settings)
            }
            done += _registered_in_glue(client, database, wanted, as_s3(settings.lake))
    return _reported(done)


def _definition(name: str, url: str, meaning: str, layer: str, catalog: Catalog) -> Definition:
    table = opened(url)
    if stumbles := unreadable(table):
        raise HeadraceError(f"{url} is beyond what Athena reads: {', '.join(stumbles)}")
    columns, partitions = {}, table.metadata().partition_columns
    for field in _fields(table):
        spec = catalog.spec_of(field["name"], layer, accepted_of(name))
        comment = _short(spec.comment, LONGEST_COMMENT)
        column = {"Name": field["name"], "Type": _as_athena(field["type"])}
        columns[field["name"]] = column | ({"Comment": comment} if comment else {})
    return {
        "Name": name,
        "Description": _short(meaning, LONGEST_DESCRIPTION),
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


def _short(text: str, most: int) -> str:
    line = " ".join(text.split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def _registered_in_glue(
    client: Any, database: str, wanted: Mapping[str, Definition | None], lake: str
) -> Iterator[Published]:
    pages = client.get_paginator("get_tables").paginate(DatabaseName=database)
    there = {each["Name"]: each for page in pages for each in page["TableList"]}
    others = [
        f"{database}.{name} ({_place(there[name]) or 'without a place'})"
        for name, definition in wanted.items()
        if definition is not None and name in there and not _is_ours(there[name])
    ]
    if others:  # before anything in their database is changed
        raise HeadraceError(
            f"registered by somebody else: {', '.join(others)}. Drop or rename it in Glue, publish into databases of "
            "your own (HEADRACE_DATABASE_PREFIX), or hand it over by setting its parameter made_by to headrace."
        )
    gone = [
        name
        for name, each in sorted(there.items())
        if wanted.get(name) is None and _is_ours(each) and _place(each).startswith(f"{lake}/")
    ]
    for name, definition in wanted.items():
        if definition is not None:
            yield Published(database, name, _settle(client, database, definition, there.get(name)))
        elif name not in gone:
            yield Published(database, name, "waiting")
    for name in gone:
        client.delete_table(DatabaseName=database, Name=name)
        yield Published(database, name, "removed")


def _is_ours(table: Definition) -> bool:
    return bool(table.get("Parameters", {}).items() >= OURS.items())


def _place(table: Definition) -> str:
    return as_s3(str(table.get("StorageDescriptor", {}).get("Location", "")))


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
        there = there or {}
        return there | {key: _upon(there.get(key), value) for key, value in wanted.items()}
    if isinstance(wanted, list):
        columns = {each["Name"]: {**each} for each in there or ()}
        for column in columns.values():
            column.pop("Comment", None)
        return [_upon(columns.get(each["Name"]), each) for each in wanted]
    return wanted


def publish_in_unity(
    domain: str, settings: Settings, into: str, layers: Iterable[str] = PUBLISHED_LAYERS
) -> list[Published]:
    """Registers tables in a catalog that has a schema for each layer; infra/databricks makes both. A table follows its
    own log from then on, which says what its columns mean; nothing is written into it, so its writers are not
    disturbed."""
    if settings.spark != "databricks":
        raise HeadraceError(
            "Unity Catalog (HEADRACE_UNITY_CATALOG) is reached from a cluster of Databricks; set "
            "HEADRACE_ENGINE=databricks"
        )
    spark, catalog = get_spark(settings), load_tables(domain)
    return _reported(
        _registered_in_unity(spark, f"{into}.{layer}", *table)
        for layer in layers
        for table in _tables(catalog, layer, settings)
    )


def _registered_in_unity(
    spark: SparkSession, schema: str, table: str, url: str | None, meaning: str
) -> Published:
    if url is None:  # to register it would make an empty table in its place
        return Published(schema, table, "waiting")
    try:
        if spark.catalog.tableExists(f"{schema}.{table}"):
            return Published(schema, table, "unchanged")
        spark.sql(registration(schema, table, url, meaning))
    except PySparkException as error:
        raise HeadraceError(
            f"{schema}.{table}: {useful_line(error)}\nCatalogs, schemas and rights in them "
            "come from databricks bundle deploy in infra/databricks."
        ) from error
    return Published(schema, table, "created")


def registration(schema: str, table: str, url: str, meaning: str) -> str:
    """Without columns: they are those of the table's log, whatever becomes of them."""
    name = ".".join(f"`{part}`" for part in (*schema.split("."), table))
    comment = sql.Literal.string(" ".join(meaning.split())).sql("databricks")
    place = sql.Literal.string(url).sql("databricks")
    return f"CREATE TABLE IF NOT EXISTS {name} USING DELTA COMMENT {comment} LOCATION {place}"


IN_ITS_CATALOG = "USE CATALOG IDENTIFIER(:catalog);\n"

Place = Callable[[sql.Table, str], bool]


def athena_queries() -> dict[str, str]:
    """Over the databases that tables are published to in Glue."""

    def in_its_database(table: sql.Table, domain: str) -> bool:
        table.set("db", sql.to_identifier(database_of(table.catalog or domain, table.db)))
        table.set("catalog", None)
        return True

    return _translated("athena", in_its_database)


def unity_queries() -> dict[str, str]:
    """Over the schemas of the domain's catalog, whose name is that of its environment: it is asked for."""

    def in_its_catalog(table: sql.Table, domain: str) -> bool:
        is_own = table.catalog in ("", domain)  # of another domain's catalog this query knows nothing
        table.set("catalog", None)
        return is_own

    return _translated("databricks", in_its_catalog, IN_ITS_CATALOG)


def _translated(dialect: str, place: Place, before: str = "") -> dict[str, str]:
    """By `<domain>/<query>`, the question in the first line; those over what is not published (the ledger, scans) are
    left out. place: names a table as it is called there, given the query's domain; false where it is not there."""
    texts = {}
    for query in named_queries():
        tree, domain = sqlglot.parse_one(query.sql, read="duckdb"), query.name.partition("/")[0]
        tables = [table for table in tree.find_all(sql.Table) if table.db]
        if all(table.db in LAYERS and place(table, domain) for table in tables):
            question = query.question.partition(" Columns:")[0]
            text = tree.sql(dialect, pretty=True, comments=False)
            texts[query.name] = f"-- {question}\n{before}{text}\n"
    return texts
