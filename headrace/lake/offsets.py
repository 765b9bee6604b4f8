"""Which of a topic's messages a bronze table holds: one row per offset, none missing, none twice."""

from dataclasses import dataclass

import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.lake import duck, log
from headrace.settings import Settings

FROM_TOPIC = "kafka:"
COLUMNS = ["_source", "_partition", "_offset"]


@dataclass(frozen=True)
class Offsets:
    """One partition of a topic as the table has it."""

    topic: str
    partition: int
    first: int
    last: int
    rows: int
    distinct: int

    @property
    def expected(self) -> int:
        return self.last - self.first + 1


def offsets_in(table: str, settings: Settings) -> list[Offsets]:
    """Only rows of a topic have a partition: files without any are passed by, and few are read ahead."""
    if not log.exists(table):
        return []
    rows = DeltaTable(table).to_pyarrow_dataset()
    batches = rows.scanner(
        columns=COLUMNS, filter=pc.field("_partition").is_valid(), batch_readahead=2, fragment_readahead=1
    ).to_reader()
    with duck.connect(settings) as db:
        db.register("bronze", batches)
        found = db.execute(
            f"""SELECT _source, _partition, min(_offset), max(_offset), count(*), count(DISTINCT _offset)
                FROM bronze WHERE _source LIKE '{FROM_TOPIC}%' GROUP BY ALL ORDER BY ALL"""
        ).fetchall()
    return [Offsets(row[0].removeprefix(FROM_TOPIC), *row[1:]) for row in found]
