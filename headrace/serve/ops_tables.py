"""Tables of a query that tell of the lake itself: which tables and columns there are, what was written and checked."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from headrace.lake import ledger, log, objects
from headrace.lake.delta_rs import opened
from headrace.lake.paths import LAYERS, Paths, accepted_of, is_beside, is_rejected, tables_in
from headrace.refine.catalog import Catalog, load_tables
from headrace.settings import Settings

Row = dict[str, Any]
PLACE = ("domain", "layer", "table")
OF_SCANS = ("scanned_at", "as_of", *PLACE, "name", "outcome", "detail", "found", "expected")
OF_WRITES = ("finished_at", *PLACE, "write", "batch", "run")


def ops_table(name: str, domains: Iterable[str], settings: Settings) -> pa.Table:
    rows_of, columns = OPS[name]
    rows = [row for domain in domains for row in rows_of(Paths.of(domain, settings))]
    schema = pa.schema([(column, pa.type_for_alias(kind)) for column, kind in columns.items()])
    return pa.Table.from_pylist(rows, schema=schema)


def scans(paths: Paths) -> Iterator[Row]:
    """Every check of every scan, oldest first, one flat row each."""
    for checks in objects.all_json(paths.scans):
        yield from checks


def _ledger(paths: Paths) -> Iterator[Row]:
    """counts is the JSON text of the terms that go with the way of writing."""
    for entry in ledger.all_entries(paths):
        yield {**asdict(entry), "domain": paths.domain, "counts": json.dumps(entry.counts)}


def _places(paths: Paths) -> Iterator[Row]:
    for layer in LAYERS:
        for table in tables_in(paths, layer):
            yield {"domain": paths.domain, "layer": layer, "table": table}


def _tables(paths: Paths) -> Iterator[Row]:
    catalog = load_tables(paths.domain)
    for row in _places(paths):
        place = paths.table(row["layer"], row["table"])
        what = _description(catalog, row["layer"], row["table"])
        yield {**row, "rows": log.row_count(place), "version": log.version(place), "description": what}


def _description(catalog: Catalog, layer: str, table: str) -> str:
    """Its first sentence; of a table beside another, what it holds of that."""
    if is_beside(table):
        what = "rows that were set aside" if is_rejected(table) else "keys that were deleted"
        return f"{what}, of {accepted_of(table)}"
    if table not in catalog.tables(layer):
        return ""
    return " ".join(catalog.description_of(layer, table).split()).partition(". ")[0].removesuffix(".")


def _columns(paths: Paths) -> Iterator[Row]:
    catalog = load_tables(paths.domain)
    for row in _places(paths):
        table = accepted_of(row["table"])
        is_known = table in catalog.tables(row["layer"])
        for field in opened(paths.table(row["layer"], row["table"])).schema().fields:
            spec = catalog.spec_of(field.name, row["layer"], table) if is_known else None
            kind = str(getattr(field.type, "type", field.type))
            said = {"unit": spec.unit, "meaning": spec.meaning} if spec else {}
            yield {**row, "column": field.name, "type": kind, **said}


_TEXT = dict.fromkeys
OPS: Mapping[str, tuple[Callable[[Paths], Iterator[Row]], Mapping[str, str]]] = {
    "tables": (
        _tables,
        _TEXT(PLACE, "string") | {"rows": "int64", "version": "int64", "description": "string"},
    ),
    "columns": (_columns, _TEXT((*PLACE, "column", "type", "unit", "meaning"), "string")),
    "scans": (scans, _TEXT(OF_SCANS, "string") | {"version": "int64"}),
    "ledger": (
        _ledger,
        _TEXT(OF_WRITES, "string")
        | {"rows_in": "int64", "counts": "string", "version": "int64", "seconds": "float64"},
    ),
}
