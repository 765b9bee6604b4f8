"""The tables that the standing job writes: which they are, what they need before it can, what Delta keeps of them."""

from collections.abc import Iterable, Iterator

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import NotReady
from headrace.lake import log
from headrace.lake.paths import Paths, as_s3
from headrace.refine.catalog import Catalog
from headrace.settings import Settings

CHECKPOINT_EVERY = 50


def tables_of(catalog: Catalog, contracts: Iterable[Contract]) -> Iterator[tuple[str, str]]:
    """Layer and name of each."""
    for contract in contracts:
        yield "bronze", contract.table
        yield from (("silver", node.name) for node in catalog.made_from(contract))
        yield from (("silver", node.name) for node in catalog.followers(contract))


def check_parents(catalog: Catalog, contracts: Iterable[Contract], paths: Paths) -> None:
    for layer, name in tables_of(catalog, contracts):
        if layer == "bronze":
            continue
        for ref in catalog.above(layer, name)[1:]:
            if not log.exists(paths.table(ref.layer, ref.name)):
                raise NotReady(
                    f"{layer}.{name} needs {ref}, which is not there yet: run headrace refine {paths.domain} first",
                    f"{ref}, which does not exist yet",
                )


def set_properties(spark: SparkSession, tables: Iterable[str], settings: Settings) -> None:
    """Sets the properties of live tables where they are others; a table that is not there yet gets them at the next
    start."""
    wanted = table_properties(settings)
    for table in tables:
        if log.exists(table):
            configured = DeltaTable(as_s3(table)).metadata().configuration
            if not wanted.items() <= dict(configured).items():
                listed = ", ".join(f"'{name}' = '{value}'" for name, value in wanted.items())
                spark.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ({listed})")


def table_properties(settings: Settings) -> dict[str, str]:
    """VACUUM goes by the entries of removed files in checkpoints. Where an entry is gone it goes by the file's own age,
    so a file of last week that was joined a minute ago would be removed at once."""
    return {
        "delta.checkpointInterval": str(CHECKPOINT_EVERY),
        "delta.deletedFileRetentionDuration": f"interval {settings.hours_kept} hours",
    }
