"""Where the reading of a topic began anew, and which of its messages were lost before they were taken.

One object a table, so that a loss and the place behind it are remembered together or not at all. Each epoch of a topic
has a checkpoint and numbers of its own.
"""

from dataclasses import asdict, dataclass, field

from headrace.lake import ledger
from headrace.lake.paths import Paths


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


@dataclass(frozen=True)
class Epoch:
    """`starts`: the first offset to take, by partition; without any, the settings say where to begin."""

    number: int = 0
    starts: dict[int, int] = field(default_factory=dict)
    lost: tuple[Lost, ...] = ()
    topic: str = ""

    @property
    def suffix(self) -> str:
        return f".{self.number}" if self.number else ""


def epoch_of(paths: Paths, table: str) -> Epoch:
    found = ledger.remembered(paths, "topic", table)
    if not found:
        return Epoch()
    starts = {int(partition): offset for partition, offset in found["starts"].items()}
    return Epoch(
        found["number"], starts, tuple(Lost(**each) for each in found["lost"]), found.get("topic", "")
    )


def begin_epoch(paths: Paths, table: str, epoch: Epoch) -> None:
    ledger.remember(paths, "topic", table, asdict(epoch))
