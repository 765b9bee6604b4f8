"""What the lake keeps of its own work, as tables of a query: `ops.scans` has a row for every check of every scan,
`ops.ledger` one for every write."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from headrace.errors import UnknownName
from headrace.lake import ledger, objects
from headrace.lake.paths import Paths
from headrace.settings import Settings

OPS = "ops"
TEXT, NUMBER = pa.string(), pa.int64()
SCANS = {
    **dict.fromkeys(("scanned_at", "as_of", "domain", "layer", "table", "name"), TEXT),
    **dict.fromkeys(("outcome", "detail", "found", "expected"), TEXT),
    "version": NUMBER,
}
LEDGER = {
    **dict.fromkeys(("finished_at", "domain", "layer", "table", "write", "batch", "run"), TEXT),
    "rows_in": NUMBER,
    "counts": TEXT,
    "version": NUMBER,
    "seconds": pa.float64(),
}


def ops_table(name: str, domains: tuple[str, ...], settings: Settings) -> pa.Table:
    """counts is the JSON text of the terms that go with the way of writing."""
    if name not in ("scans", "ledger"):
        raise UnknownName("table", f"{OPS}.{name}", [f"{OPS}.scans", f"{OPS}.ledger"])
    rows_of, columns = (_scans, SCANS) if name == "scans" else (_ledger, LEDGER)
    rows = [row for domain in domains for row in rows_of(Paths.of(domain, settings))]
    return pa.Table.from_pylist(rows, schema=pa.schema(list(columns.items())))


def _scans(paths: Paths) -> Iterator[dict[str, Any]]:
    for checks in objects.all_json(paths.scans):
        yield from checks


def _ledger(paths: Paths) -> Iterator[dict[str, Any]]:
    for entry in ledger.all_entries(paths):
        yield {**asdict(entry), "domain": paths.domain, "counts": json.dumps(entry.counts)}
