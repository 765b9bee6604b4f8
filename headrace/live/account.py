"""A topic's offsets held against bronze's rows: what came, what was lost, what waits, what has gone since."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from headrace.errors import HeadraceError
from headrace.lake.epochs import Lost
from headrace.lake.offsets import Offsets
from headrace.live.broker import is_listening, offsets_now
from headrace.settings import Settings

Kept = Mapping[int, tuple[int, int]]


@dataclass(frozen=True)
class Account:
    """One partition. `kept`: the broker's first offset and its next one, where a broker answered."""

    topic: str
    partition: int
    rows: Offsets | None
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


def accounts(topic: str, found: Iterable[Offsets], lost: Iterable[Lost], kept: Kept | None) -> list[Account]:
    rows = {each.partition: each for each in found if each.topic == topic}
    missing: dict[int, tuple[Lost, ...]] = {}
    for each in (each for each in lost if each.topic == topic):
        missing[each.partition] = (*missing.get(each.partition, ()), each)
    numbers = sorted({*rows, *missing, *(kept or {})})
    return [
        Account(topic, number, rows.get(number), missing.get(number, ()), (kept or {}).get(number))
        for number in numbers
    ]


def kept_by_broker(topic: str, settings: Settings) -> Kept | None:
    """None where no broker answers."""
    if not is_listening(settings):
        return None
    try:
        return offsets_now(topic, settings)
    except HeadraceError:
        return None
