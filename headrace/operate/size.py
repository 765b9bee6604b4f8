"""Rows and bytes of every table, read from the logs alone: no Spark, no scan."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import yaml

from headrace.contracts.load import domain_folder, load_contracts
from headrace.errors import ContractError, UnknownName
from headrace.lake import log
from headrace.lake.delta_rs import live_files
from headrace.lake.paths import Paths, rejected_of
from headrace.refine.catalog import load_tables
from headrace.settings import Settings
from headrace.writes.way import way_of

BRONZE_DIMENSIONS, BRONZE_FACTS, TOTAL = "bronze dimensions", "bronze facts", "total"
PARTS = (BRONZE_DIMENSIONS, BRONZE_FACTS, "silver", "gold")


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


@dataclass(frozen=True)
class PartSize:
    """A layer, or half of one: bronze's dimensions are apart from the rest of it."""

    part: str
    tables: int
    rows: int
    bytes: int
    stated_bytes: int | None = None


def parts(domain: str, found: Iterable[TableSize]) -> list[PartSize]:
    """Subtotals of the tables found, and their total, beside what the source states: in the domain's `volumes.yml`, if
    it has one, and its contracts."""
    contracts, file = load_contracts(domain), domain_folder(domain) / "volumes.yml"
    stated = yaml.safe_load(file.read_text()) if file.exists() else {}
    if unknown := stated.keys() - {*PARTS, TOTAL}:
        raise ContractError(f"{file}: {', '.join(sorted(unknown))}: expected {', '.join([*PARTS, TOTAL])}")
    facts = [c.num_bytes for c in contracts.values() if c.type != "dimension" and c.num_bytes]
    stated = ({BRONZE_FACTS: sum(facts)} if facts else {}) | stated
    groups: dict[str, list[TableSize]] = {part: [] for part in (*PARTS, TOTAL)}
    for each in found:
        part = each.layer
        if part == "bronze":
            part = BRONZE_DIMENSIONS if contracts[each.table].type == "dimension" else BRONZE_FACTS
        groups[part].append(each)
        groups[TOTAL].append(each)
    return [
        PartSize(part, len(group), sum(t.rows for t in group), sum(t.bytes for t in group), stated.get(part))
        for part, group in groups.items()
        if group or part == TOTAL
    ]


def sizes(domain: str, settings: Settings) -> list[TableSize]:
    """Every table that exists, layer by layer."""
    paths, contracts, found = Paths.of(domain, settings), load_contracts(domain), []
    for layer, name in tables_of(domain):
        path = paths.table(layer, name)
        version = log.version(path)
        if version < 0:
            continue
        files = live_files(path, version)
        stated = contracts.get(name) if layer == "bronze" else None
        rows, held = sum(file.rows for file in files), sum(file.bytes for file in files)
        volume = (stated.num_rows, stated.num_bytes) if stated else (None, None)
        found.append(TableSize(layer, name, version, len(files), rows, held, *volume))
    return found


def check_tables(domain: str, asked: Iterable[str]) -> None:
    """A name that no layer has is an error."""
    known = {name for _, name in tables_of(domain)}
    for name in asked:
        if name not in known:
            raise UnknownName("table", name, known)


def tables_of(domain: str) -> Iterator[tuple[str, str]]:
    """Every table a domain may have, those beside the tables of silver among them."""
    catalog = load_tables(domain)
    for name in sorted(catalog.contracts):
        yield "bronze", name
    for node in catalog.layer("silver"):
        yield "silver", node.name
        if "rejected" in way_of(node.table.write).terms:
            yield "silver", rejected_of(node.name)
        yield from (("silver", name) for name in way_of(node.table.write).side_tables(node.name))
    for node in catalog.layer("gold"):
        yield "gold", node.name
