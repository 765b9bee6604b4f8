"""Messages that a topic forgot before they were taken: found, told, and gone past only when somebody says so.

Spark would either skip them in silence or never go on. Here the stream begins anew behind them, in another epoch, at
the places where bronze ends or where the topic now begins.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from headrace.contracts.model import Contract
from headrace.errors import HeadraceError
from headrace.lake import ledger, log
from headrace.lake.epochs import Epoch, Lost, begin_epoch, epoch_of
from headrace.lake.ledger import Entry
from headrace.lake.offsets import offsets_in
from headrace.lake.paths import Paths
from headrace.live.broker import offsets_now
from headrace.live.heartbeat import stamp
from headrace.live.identity import check_identity
from headrace.live.planned import ended, ends_of, last_done
from headrace.settings import Settings

Kept = Mapping[int, tuple[int, int]]


class MessagesLost(HeadraceError):
    def __init__(self, lost: list[Lost]) -> None:
        super().__init__(
            f"{sum(each.count for each in lost):,} messages are gone from the topic before they were taken: "
            f"{'; '.join(map(str, lost))}. Its retention ran past this reader; let it keep them for longer than the "
            "job may be down. To go on from what is left, with the loss in the receipt: headrace stream --accept-loss"
        )


@dataclass(frozen=True)
class Reading:
    """How far a topic was taken into its bronze table."""

    topic: str
    table: str
    paths: Paths
    settings: Settings

    @classmethod
    def of(cls, contract: Contract, paths: Paths, settings: Settings) -> "Reading":
        return cls(str(contract.arrives.topic), contract.table, paths, settings)

    @property
    def epoch(self) -> Epoch:
        return epoch_of(self.paths, self.table)

    @property
    def app(self) -> str:
        return f"{self.paths.domain}.bronze.{self.table}:topic{self.epoch.suffix}"

    @property
    def checkpoint(self) -> str:
        return self.paths.checkpoint("bronze", f"{self.table}__topic{self.epoch.suffix}")

    @property
    def bronze(self) -> str:
        return self.paths.table("bronze", self.table)

    @property
    def is_begun(self) -> bool:
        """Whether a batch of it was ever stored; an epoch begins where another one was."""
        return self.epoch.number > 0 or log.last_batch_of(self.bronze, self.app) >= 0

    def go_on(self, run: str, *, accept_loss: bool) -> Epoch:
        """The epoch to go on in. What is lost is raised, or accepted; a checkpoint that is gone is no loss."""
        check_identity(self.topic, self.table, self.paths, self.settings, is_begun=self.is_begun)
        kept, planned = self._kept(), self._planned()
        if not (_lost(self.topic, kept, planned) or self._forgot_its_place()):
            _check_same_topic(self.topic, kept, planned)
            return self.epoch
        taken = self._taken(planned)
        _check_same_topic(self.topic, kept, taken)
        lost = _lost(self.topic, kept, taken)
        if lost and not accept_loss:
            raise MessagesLost(lost)
        return self._begin_anew(kept, taken, lost, run)

    def lost_by_now(self) -> list[Lost]:
        kept = self._kept()
        return _lost(self.topic, kept, self._taken(self._planned()))

    def waiting(self) -> int:
        """Messages in the topic that no batch has taken, those that it forgot among them."""
        planned = self._planned()
        return sum(end - planned.get(number, 0) for number, (_, end) in self._kept().items())

    def _kept(self) -> Kept:
        return offsets_now(self.topic, self.settings)

    def _planned(self) -> Mapping[int, int]:
        return self._in_checkpoint() or (self.epoch.starts if self.epoch.topic in ("", self.topic) else {})

    def _in_checkpoint(self) -> Mapping[int, int]:
        """Where it says that the last batch ended; nothing where it is the checkpoint of something else."""
        return ended(self.checkpoint, self.topic) if self._is_ours() else {}

    def _is_ours(self) -> bool:
        """A checkpoint follows bronze: the last batch that bronze has is the last one done there, or the one under way,
        and ends where it does in bronze. One that was copied here, or put back from an old copy, does not."""
        done, stored = last_done(self.checkpoint), log.last_batch_of(self.bronze, self.app)
        if stored not in (done, done + 1):
            return False
        commit = log.commit_of_batch(self.bronze, self.app, stored) if stored >= 0 else None
        ends = ends_of(self.checkpoint, stored, self.topic)
        told = commit.note.get("offsets", {}) if commit else {}  # the log reaches back 30 days
        return all(ends.get(int(number)) == last + 1 for number, (_, last, *_) in told.items())

    def _forgot_its_place(self) -> bool:
        """Something was begun, here or elsewhere, and the checkpoint does not say how far this topic was taken."""
        begun = log.last_batch_of(self.bronze, self.app) >= 0 or last_done(self.checkpoint) >= 0
        return begun and not self._in_checkpoint()

    def _taken(self, planned: Mapping[int, int]) -> dict[int, int]:
        """The next offset to take, by partition. Bronze may be a batch ahead of the checkpoint."""
        found = [each for each in offsets_in(self.bronze, self.settings) if each.topic == self.topic]
        stored = {each.partition: each.last + 1 for each in found}
        return {number: max(planned.get(number, 0), stored.get(number, 0)) for number in {*planned, *stored}}

    def _begin_anew(self, kept: Kept, taken: Mapping[int, int], lost: list[Lost], run: str) -> Epoch:
        accepted = tuple(replace(each, accepted_at=stamp()) for each in lost)
        starts = {number: max(taken.get(number, 0), first) for number, (first, _) in kept.items()}
        epoch = Epoch(self.epoch.number + 1, starts, (*self.epoch.lost, *accepted), self.topic)
        for each in accepted:
            batch = f"lost-{each.partition:05d}-{each.first:015d}"
            ledger.record(
                self.paths, Entry("bronze", self.table, "Append", batch, run, 0, {"lost": each.count})
            )
        begin_epoch(self.paths, self.table, epoch)
        return epoch


def _lost(topic: str, kept: Kept, taken: Mapping[int, int]) -> list[Lost]:
    return [
        Lost(topic, number, taken[number], first - 1)
        for number, (first, _) in sorted(kept.items())
        if first > taken.get(number, first)
    ]


def _check_same_topic(topic: str, kept: Kept, taken: Mapping[int, int]) -> None:
    for number, next_one in sorted(taken.items()):
        end = kept[number][1] if number in kept else 0
        if end < next_one:
            raise HeadraceError(
                f"{topic}/{number} ends before offset {end:,}, and {next_one:,} were taken from it: the topic was made "
                "anew, or HEADRACE_KAFKA_BOOTSTRAP names other brokers. Its offsets would count twice: give the topic "
                "another name (in its contract: arrives), or begin a new lake with another HEADRACE_HOME."
            )
