"""Rows and bytes of every table, read from the logs alone: no Spark, no scan."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import yaml

from headrace.contracts.load import domain_folder, load_contracts
from headrace.errors import ContractError, UnknownName
from headrace.lake import log
from headrace.lake.open_table import live_files
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


def parts(domain: str, found: Sequence[TableSize]) -> list[PartSize]:
    """Subtotals of the tables found, and their total, beside what the source states of each."""
    stated = _stated_of_parts(domain)
    sums = [
        _summed(part, [each for each in found if _part_of(domain, each) == part], stated) for part in PARTS
    ]
    return [*(part for part in sums if part.tables), _summed(TOTAL, found, stated)]


def _summed(part: str, tables: Sequence[TableSize], stated: Mapping[str, int]) -> PartSize:
    rows, taken = sum(each.rows for each in tables), sum(each.bytes for each in tables)
    return PartSize(part, len(tables), rows, taken, stated.get(part))


def _part_of(domain: str, size: TableSize) -> str:
    if size.layer != "bronze":
        return size.layer
    is_dimension = load_contracts(domain)[size.table].type == "dimension"
    return BRONZE_DIMENSIONS if is_dimension else BRONZE_FACTS


def _stated_of_parts(domain: str) -> dict[str, int]:
    """From the domain's `volumes.yml`, if it has one, and its contracts."""
    file = domain_folder(domain) / "volumes.yml"
    stated = yaml.safe_load(file.read_text()) if file.exists() else {}
    if unknown := stated.keys() - {*PARTS, TOTAL}:
        raise ContractError(f"{file}: {', '.join(sorted(unknown))}: expected {', '.join([*PARTS, TOTAL])}")
    facts = [c.num_bytes for c in load_contracts(domain).values() if c.type != "dimension" and c.num_bytes]
    return ({BRONZE_FACTS: sum(facts)} if facts else {}) | stated


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
        if way_of(node.table.write).sets_rows_aside:
            yield "silver", rejected_of(node.name)
        yield from (("silver", name) for name in way_of(node.table.write).side_tables(node.name))
    for node in catalog.layer("gold"):
        yield "gold", node.name
