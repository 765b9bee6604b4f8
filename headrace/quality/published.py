"""The last good version of each table, which readers follow.

One small object a table. A table that fails its scan is put back to that version where its way of writing allows it;
one that a stream feeds never is: the stream would not send the lost rows again. Its readers are pointed to the good
version.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from headrace.lake import log, objects
from headrace.lake.lease import leased
from headrace.lake.paths import Paths
from headrace.lake.session import get_spark
from headrace.quality.summary import ScanSummary
from headrace.refine.catalog import load_tables
from headrace.settings import Settings
from headrace.writes.way import way_of


@dataclass(frozen=True)
class Published:
    """What passed last: the version, the checks it passed, and as of when."""

    version: int
    rules: str = ""
    as_of: str = ""


@dataclass(frozen=True)
class Restored:
    table: str
    good_version: int
    failed_version: int


def last_good(paths: Paths, layer: str, table: str) -> Published | None:
    found = objects.get_json(_url(paths, layer, table))
    return None if found is None else Published(**found)


def publish(paths: Paths, layer: str, table: str, good: Published) -> None:
    objects.put_json(_url(paths, layer, table), asdict(good))


def publish_last_good(summary: ScanSummary, settings: Settings) -> list[Restored]:
    """Puts failed tables back to the version that passed last, where there is one and they may be."""
    if summary.layer == "bronze":
        return []
    return list(_restored(summary, settings))


def _restored(summary: ScanSummary, settings: Settings) -> Iterator[Restored]:
    paths, catalog, layer = Paths.of(summary.domain, settings), load_tables(summary.domain), summary.layer
    for table in summary.failed_tables:
        good, failed = last_good(paths, layer, table), summary.versions.get(table)
        if good is None or failed is None or good.version >= failed:
            continue
        if not way_of(catalog.node(table, layer).table.write).restorable:
            continue
        lease = paths.lease(layer, table)
        with leased([lease], job=f"restore {summary.domain} {layer} {table}", seconds=settings.lease_seconds):
            path = paths.table(layer, table)
            get_spark(settings).sql(f"restore table delta.`{path}` to version as of {good.version}")
            publish(paths, layer, table, Published(log.version(path), good.rules, good.as_of))
        yield Restored(table, good.version, failed)


def _url(paths: Paths, layer: str, table: str) -> str:
    return f"{paths.lake}/_published/{paths.domain}/{layer}/{table}.json"
