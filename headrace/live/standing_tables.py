"""The tables that the standing job writes: which they are, what they need before it can, what is kept of their logs."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil

from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import NotReady
from headrace.lake import log
from headrace.lake.increments import progress_of
from headrace.lake.ledger import last_good
from headrace.lake.paths import Paths, as_s3, is_beside, rejected_of
from headrace.refine.catalog import Catalog
from headrace.refine.descriptions import describe_table
from headrace.refine.late_duplicates import watched
from headrace.settings import Settings
from headrace.sources.bronze_table import grow, ready_bronze
from headrace.writes.alarms import follower_of
from headrace.writes.node import Node
from headrace.writes.way import way_of

CHECKPOINT_EVERY = 50
REMOVED_FILES_HOURS = 24
"""For so long at least the log of a live table says which files have left it."""


@dataclass(frozen=True)
class StandingTable:
    """`source`: the contract whose turn it is written in. `node`: how a silver table is made whose keys are looked at
    for second copies."""

    source: str
    layer: str
    name: str
    node: Node | None = None

    def __str__(self) -> str:
        return f"{self.layer} {self.name}"


def standing_tables(catalog: Catalog, sources: Iterable[Contract]) -> Iterator[StandingTable]:
    """The tables that the job writes of these contracts, with those beside them."""
    looked_at = watched(catalog)
    for contract in sources:
        source = contract.table
        yield StandingTable(source, "bronze", source)
        for node in catalog.made_from(contract):
            beside = rejected_of(node.name), *way_of(node.table.write).side_tables(node.name)
            yield StandingTable(source, "silver", node.name, node if node in looked_at else None)
            yield from (StandingTable(source, "silver", name) for name in beside)
        for node in catalog.followers(contract):
            yield StandingTable(source, "silver", node.name)


def tables_of(catalog: Catalog, contracts: Iterable[Contract]) -> list[tuple[str, str]]:
    """Layer and name of each that a lease is held of, which covers those beside it."""
    tables = standing_tables(catalog, contracts)
    return [(table.layer, table.name) for table in tables if not is_beside(table.name)]


def check_parents(catalog: Catalog, contracts: Iterable[Contract], paths: Paths) -> None:
    for layer, name in tables_of(catalog, contracts):
        for ref in catalog.above(layer, name)[1:] if layer != "bronze" else ():
            if not log.exists(paths.table(ref.layer, ref.name)):
                raise NotReady(
                    f"{layer}.{name} needs {ref}, which is not there yet: run headrace refine {paths.domain} first",
                    f"{ref}, which does not exist yet",
                )


def make_ready(spark: SparkSession, contracts: Iterable[Contract], catalog: Catalog, paths: Paths) -> None:
    """The bronze tables of these contracts, and what silver makes of them."""
    for contract in contracts:
        ready_bronze(lambda: spark, contract, paths.table("bronze", contract.table))
        for node in catalog.made_from(contract):
            grow(lambda: spark, contract, (paths.table("silver", node.name), paths.rejected(node.name)))
            describe_table(catalog, paths, "silver", node.name)
        describe_table(catalog, paths, "bronze", contract.table)


def set_properties(spark: SparkSession, tables: Iterable[str], settings: Settings) -> None:
    """A table that is not there yet gets them at the next start."""
    wanted = table_properties(settings)
    for table in tables:
        if log.exists(table):
            configured = DeltaTable(as_s3(table)).metadata().configuration
            if not wanted.items() <= dict(configured).items():
                listed = ", ".join(f"'{name}' = '{value}'" for name, value in wanted.items())
                spark.sql(f"ALTER TABLE delta.`{table}` SET TBLPROPERTIES ({listed})")


def table_properties(settings: Settings) -> dict[str, str]:
    """VACUUM goes by the entries of removed files in checkpoints. Where an entry is gone it goes by the file's own age,
    so a file of last week that was joined a minute ago would be removed at once. Each checkpoint repeats all entries,
    and there is one for each commit: they are kept for as long as the log reaches back, for a day at least."""
    hours = max(REMOVED_FILES_HOURS, ceil(settings.live_log_hours))
    return {
        "delta.checkpointInterval": str(CHECKPOINT_EVERY),
        "delta.deletedFileRetentionDuration": f"interval {hours} hours",
    }


def oldest_needed(catalog: Catalog, paths: Paths, layer: str, name: str) -> int:
    """The oldest version whose log somebody needs; the newest where nobody is behind. An edge that was never run begins
    with all that is there, and so does a gold table that was never made."""
    needed = [log.version(paths.table(layer, name))]
    if (good := last_good(paths, layer, name)) is not None:
        needed.append(good.version)
    if layer == "bronze":
        edges = (progress_of(paths, node.name) for node in catalog.made_from(catalog.contracts[name]))
        needed += [done.version for done in edges if done is not None]
    if layer == "silver":
        following = [node for node in catalog.layer("silver") if node.first.layer == "silver"]
        versions = (follower_of(node).oldest_needed(node, paths, name) for node in following)
        needed += [version for version in versions if version is not None]
        for node in catalog.layer("gold"):
            if name in way_of(node.table.write).follows:
                made_from = log.last_said(paths.table("gold", node.name), "made_from")
                needed += [int(made_from["upstream"][name])] if made_from else []
    return min(needed)
