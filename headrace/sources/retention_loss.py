"""Messages that a topic forgot before they were taken: named, and passed over only when somebody accepts it.

One object a table lists the accepted losses. It is there or it is not, so a kill leaves a loss either accepted or to be
accepted again; reading goes on after the last of them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

from headrace.errors import HeadraceError
from headrace.lake import ledger
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.lake.run_context import RunContext
from headrace.sources.broker import Offsets


@dataclass(frozen=True)
class Lost:
    """Offsets of one partition that the topic forgot; both ends are among them."""

    topic: str
    partition: int
    first: int
    last: int
    accepted_at: str = ""

    @property
    def count(self) -> int:
        return self.last - self.first + 1

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition} offsets {self.first:,} to {self.last:,} ({self.count:,})"


class MessagesLost(HeadraceError):
    def __init__(self, lost: list[Lost]) -> None:
        super().__init__(
            f"{sum(each.count for each in lost):,} messages are gone from the topic before they were taken: "
            f"{'; '.join(map(str, lost))}. Its retention ran past this reader; let it keep them for longer than the "
            "job may be down. To go on from what is left, with the loss in the receipt: headrace stream --accept-loss"
        )
        self.lost = lost

    def __reduce__(self) -> tuple[type["MessagesLost"], tuple[list[Lost]]]:
        return MessagesLost, (self.lost,)


def lost_now(topic: str, kept: Offsets, position: Mapping[int, int]) -> list[Lost]:
    """What lies between the position and the first offsets that the topic still keeps."""
    return [
        Lost(topic, number, position[number], first - 1)
        for number, (first, _) in sorted(kept.items())
        if first > position.get(number, first)
    ]


def accepted(paths: Paths, table: str) -> tuple[Lost, ...]:
    found = ledger.remembered(paths, "topic", table)
    return tuple(Lost(**each) for each in found.get("lost", ()))


def accept(context: RunContext, table: str, lost: list[Lost]) -> None:
    for each in lost:
        batch = f"lost-{each.partition:05d}-{each.first:015d}"
        entry = Entry("bronze", table, "Append", batch, context.run, 0, {"lost": each.count})
        ledger.record(context.paths, entry)
    every = [*accepted(context.paths, table), *lost]
    ledger.remember(context.paths, "topic", table, {"lost": [asdict(each) for each in every]})
