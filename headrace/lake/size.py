"""Rows and bytes of every table, read from the logs alone: no Spark, no scan."""

from collections.abc import Iterator
from dataclasses import dataclass

from headrace.contracts.load import load_contracts
from headrace.lake import log
from headrace.lake.files import live_files
from headrace.lake.paths import Paths
from headrace.refine.catalog import load_tables
from headrace.settings import Settings


@dataclass(frozen=True)
class TableSize:
    """stated_*: what the source says of the same table at its full scale."""

    layer: str
    table: str
    version: int
    files: int
    rows: int
    bytes: int
    stated_rows: int | None = None
    stated_bytes: int | None = None

    @property
    def bytes_per_row(self) -> float | None:
        return self.bytes / self.rows if self.rows else None

    @property
    def bytes_at_stated_rows(self) -> float | None:
        """What the full scale would take if every row took as much as those here."""
        if self.stated_rows is None or self.bytes_per_row is None:
            return None
        return self.stated_rows * self.bytes_per_row


def sizes(domain: str, settings: Settings) -> list[TableSize]:
    """Every table that exists, layer by layer."""
    paths = Paths.of(domain, settings)
    contracts = load_contracts(domain)
    found = []
    for layer, name in tables_of(domain):
        path = paths.table(layer, name)
        version = log.version(path)
        if version < 0:
            continue
        files = live_files(path, version)
        stated = contracts.get(name) if layer == "bronze" else None
        found.append(
            TableSize(
                layer,
                name,
                version,
                len(files),
                sum(file.rows for file in files),
                sum(file.bytes for file in files),
                stated.num_rows if stated else None,
                stated.num_bytes if stated else None,
            )
        )
    return found


def tables_of(domain: str) -> Iterator[tuple[str, str]]:
    """Every table a domain may have, its rejected rows among them."""
    catalog = load_tables(domain)
    for name in sorted(catalog.contracts):
        yield "bronze", name
    for node in catalog.layer("silver"):
        yield "silver", node.name
        yield "silver", f"{node.name}__rejected"
    for node in catalog.layer("gold"):
        yield "gold", node.name
