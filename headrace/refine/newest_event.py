"""The instant a run pretends it is, when nobody says: that of the newest thing that happened in the data."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog


def newest_event(paths: Paths, catalog: Catalog) -> datetime | None:
    """From the statistics of the silver tables' files; None while there is none."""
    return max(_newest(paths, catalog), default=None)


def _newest(paths: Paths, catalog: Catalog) -> Iterator[datetime]:
    for node in catalog.from_bronze:
        table = paths.table("silver", node.name)
        if node.table.event_time is None or not log.exists(table):
            continue
        files = pa.table(DeltaTable(table).get_add_actions(flatten=True))
        name = f"max.{node.table.event_time}"
        found = pc.max(files.column(name)).as_py() if name in files.column_names and files.num_rows else None
        if found is not None:
            yield found.astimezone(UTC).replace(tzinfo=None) if found.tzinfo else found
