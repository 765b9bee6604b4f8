"""Tables in Unity Catalog, over the Delta tables as they lie in the lake, and named queries for Databricks' warehouses.

A table is registered once and follows its own log from then on, so its writers are not disturbed: what would be written
into that log, such as the meaning of a column, is not said here. Catalogs and schemas come from infra/databricks.
"""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from sqlglot import expressions as sql

from headrace.errors import HeadraceError, useful_line
from headrace.lake.open_table import is_table
from headrace.lake.paths import Paths, as_s3, rejected_of
from headrace.progress import Event, tell
from headrace.serve.dialects import translated
from headrace.serve.glue import LAYERS, Published
from headrace.settings import Settings

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from headrace.refine.catalog import Catalog

DIALECT = "databricks"
IN_ITS_CATALOG = "USE CATALOG IDENTIFIER(:catalog);\n"


def publish(domain: str, settings: Settings, into: str, layers: Iterable[str] = LAYERS) -> list[Published]:
    """into: a catalog that has a schema for each layer."""
    from headrace.lake.session import get_spark
    from headrace.refine.catalog import load_tables

    if settings.spark != "databricks":
        raise HeadraceError(
            "Unity Catalog (HEADRACE_UNITY_CATALOG) is reached from a cluster of Databricks; set "
            "HEADRACE_ENGINE=databricks"
        )
    spark, catalog = get_spark(settings), load_tables(domain)
    done = [
        each for layer in layers for each in _registered(spark, catalog, f"{into}.{layer}", layer, settings)
    ]
    for each in done:
        tell(Event("publish", f"{each.database}.{each.table}", "done", note=each.outcome))
    return done


def _registered(
    spark: "SparkSession", catalog: "Catalog", schema: str, layer: str, settings: Settings
) -> Iterator[Published]:
    paths = Paths.of(catalog.domain, settings)
    for table in catalog.tables(layer):
        yield _settled(spark, schema, table, paths.table(layer, table), _meaning(layer, table, catalog))
        if layer == "silver" and is_table(paths.rejected(table)):
            meaning = f"Rejected: {_meaning(layer, table, catalog)}"
            yield _settled(spark, schema, rejected_of(table), paths.rejected(table), meaning)


def _settled(spark: "SparkSession", schema: str, table: str, url: str, meaning: str) -> Published:
    """A table that is not made yet is left alone: to register it would make an empty one in its place."""
    from pyspark.errors import PySparkException

    if not is_table(url):
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
    comment = sql.Literal.string(" ".join(meaning.split())).sql(DIALECT)
    place = sql.Literal.string(as_s3(url)).sql(DIALECT)
    return f"CREATE TABLE IF NOT EXISTS {name} USING DELTA COMMENT {comment} LOCATION {place}"


def _meaning(layer: str, table: str, catalog: "Catalog") -> str:
    from headrace.refine.descriptions import said_of

    return said_of(layer, table, catalog)


def unity_queries() -> dict[str, str]:
    """Over the schemas of the domain's catalog, whose name is that of its environment: it is asked for."""
    return {name: _in_its_catalog(text) for name, text in translated(DIALECT, _is_its_own).items()}


def _in_its_catalog(text: str) -> str:
    question, _, statement = text.partition("\n")
    return f"{question}\n{IN_ITS_CATALOG}{statement}"


def _is_its_own(table: sql.Table, domain: str) -> bool:
    """A table of another domain is in another catalog, of which this query knows nothing."""
    is_own = table.catalog in ("", domain)
    table.set("catalog", None)
    return is_own
