"""The balance of a topic's offsets: rows of bronze, losses, what waits, what has gone from the topic since."""

from collections.abc import Iterable
from dataclasses import dataclass

import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.errors import HeadraceError
from headrace.lake import duck, log
from headrace.settings import Settings
from headrace.sources.broker import Offsets, is_listening, offsets_now
from headrace.sources.retention_loss import Lost

FROM_TOPIC = "kafka:"
COLUMNS = ["_source", "_partition", "_offset"]


@dataclass(frozen=True)
class OffsetRows:
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


def offsets_in(table: str, settings: Settings) -> list[OffsetRows]:
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
    return [OffsetRows(row[0].removeprefix(FROM_TOPIC), *row[1:]) for row in found]


@dataclass(frozen=True)
class OffsetBalance:
    """One partition. `kept`: the broker's first offset and its next one, where a broker answered."""

    topic: str
    partition: int
    rows: OffsetRows | None
    lost: tuple[Lost, ...]
    kept: tuple[int, int] | None

    @property
    def taken(self) -> int:
        """Behind the last offset that is a row, or known to be lost."""
        ends = [each.last for each in self.lost] + ([self.rows.last] if self.rows else [])
        return max(ends, default=-1) + 1

    @property
    def first(self) -> int:
        begins = [each.first for each in self.lost] + ([self.rows.first] if self.rows else [])
        return min(begins, default=self.taken)

    @property
    def gone(self) -> int:
        """Offsets that the topic forgot though nobody took them: a loss that was not accepted yet."""
        return max(self.kept[0] - self.taken, 0) if self.kept and self.taken else 0

    @property
    def waiting(self) -> int:
        return max(self.kept[1] - max(self.taken, self.kept[0]), 0) if self.kept else 0

    @property
    def doubled(self) -> int:
        return self.rows.rows - self.rows.distinct if self.rows else 0

    @property
    def expected(self) -> int:
        return self.taken + self.gone - self.first

    @property
    def accounted(self) -> int:
        """An offset that is there twice is taken off again, so that it cannot fill a gap."""
        lost = sum(each.count for each in self.lost)
        return (self.rows.distinct - self.doubled if self.rows else 0) + lost

    @property
    def terms(self) -> dict[str, int]:
        terms = {"rows": self.rows.rows, "doubled": self.doubled} if self.rows else {}
        if self.expected:
            terms = {f"offsets {self.first:,} to {self.taken + self.gone - 1:,}": self.expected, **terms}
        terms |= {f"offsets {each.first:,} to {each.last:,} lost": each.count for each in self.lost}
        more = {"gone from the topic before they were taken": self.gone, "waiting in the topic": self.waiting}
        return terms | {name: count for name, count in more.items() if count}


def balances(
    topic: str, found: Iterable[OffsetRows], lost: Iterable[Lost], kept: Offsets | None
) -> list[OffsetBalance]:
    rows = {each.partition: each for each in found if each.topic == topic}
    missing: dict[int, tuple[Lost, ...]] = {}
    for each in (each for each in lost if each.topic == topic):
        missing[each.partition] = (*missing.get(each.partition, ()), each)
    numbers = sorted({*rows, *missing, *(kept or {})})
    return [
        OffsetBalance(topic, number, rows.get(number), missing.get(number, ()), (kept or {}).get(number))
        for number in numbers
    ]


def kept_by_broker(topic: str, settings: Settings) -> Offsets | None:
    """None where no broker answers."""
    if not is_listening(settings):
        return None
    try:
        return offsets_now(topic, settings)
    except HeadraceError:
        return None
