"""What was not let in: rows and files by table and reason, with samples of each."""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Literal

from deltalake import DeltaTable

from headrace.contracts.model import Contract
from headrace.errors import UnknownName
from headrace.lake import log
from headrace.lake.delta_rs import duckdb_connected
from headrace.lake.paths import Paths, as_s3, rejected_of
from headrace.refine.catalog import load_tables
from headrace.settings import Settings, get_settings
from headrace.sources.file_index import FileIndex
from headrace.tables import REASONS

SAMPLE_LETTERS = 200


@dataclass(frozen=True)
class Rejected:
    """Rows (of a silver table) or files (of a bronze one) that share a reason; a row may have several. `places`: of
    each sample that is a row the file with the line, or the topic with partition and offset."""

    kind: Literal["files", "rows"]
    table: str
    reason: str
    count: int
    samples: tuple[str, ...]
    places: tuple[str, ...] = ()


def rejected(
    domain: str, tables: Collection[str] | None = None, *, samples: int = 3, settings: Settings | None = None
) -> list[Rejected]:
    """Files first, then rows; the most frequent reasons of a table first. tables: by their names, or by those of the
    tables that hold the rejected rows."""
    settings = settings or get_settings()
    catalog, paths = load_tables(domain), Paths.of(domain, settings)
    nodes = {node.name: node for node in catalog.from_bronze}
    known = {*catalog.contracts, *nodes}
    wanted = known if tables is None else {name.removesuffix(rejected_of("")) for name in tables}
    if strangers := sorted(wanted - known):
        raise UnknownName("table that sets anything aside", strangers[0], known)
    found: list[Rejected] = []
    for table in catalog.contracts:
        if table in wanted:
            found += _files(table, paths, samples)
    for name, node in nodes.items():
        if name in wanted:
            found += _rows(name, catalog.source_of(node), paths, samples, settings)
    return found


def _files(table: str, paths: Paths, samples: int) -> list[Rejected]:
    names: dict[str, list[str]] = defaultdict(list)
    for file in FileIndex(paths, table).set_aside():
        names[file.set_aside].append(file.name)
    found = [Rejected("files", table, why, len(each), tuple(each[:samples])) for why, each in names.items()]
    return sorted(found, key=lambda each: -each.count)


def _rows(
    name: str, contract: Contract, paths: Paths, samples: int, settings: Settings
) -> Iterator[Rejected]:
    place = paths.rejected(name)
    if not log.exists(place):
        return
    table = DeltaTable(as_s3(place)).to_pyarrow_dataset()
    row = ", ".join(f'"{name}": "{name}"' for name in contract.columns if name in table.schema.names)
    reasons = f"SELECT unnest({REASONS}) AS reason FROM rejected"
    text = f"left(coalesce(_raw, CAST(to_json({{{row}}}) AS VARCHAR)), ?)"
    place = "concat_ws(':', concat_ws('/', _source, _partition), _offset)"
    sample = f"SELECT {text}, {place} FROM rejected"
    with duckdb_connected(settings) as db:
        db.register("rejected", table)
        counts = db.execute(
            f"SELECT reason, count(*) AS rows FROM ({reasons}) GROUP BY reason ORDER BY rows DESC, reason"
        ).fetchall()
        for reason, count in counts:
            shown = db.execute(
                f"{sample} WHERE list_contains({REASONS}, ?) LIMIT ?", [SAMPLE_LETTERS, reason, samples]
            ).fetchall()
            samples_of, places = tuple(row[0] for row in shown), tuple(row[1] for row in shown)
            yield Rejected("rows", rejected_of(name), reason, count, samples_of, places)
