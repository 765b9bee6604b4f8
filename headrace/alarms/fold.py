"""The way from the followed silver table to its alarms, exactly once.

How far it has come lies in the alarms table's own commits, and each names all that led to it. The state of the engine
is saved now and then. After a kill the last checkpoint is taken, and the commits since are made again without storing.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from headrace.alarms.actions import Folder, Receive, Received
from headrace.alarms.events import SCHEMA, TABLE
from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules
from headrace.alarms.source_versions import current_senders, rows_of_version
from headrace.alarms.store import Outbox, Position, Store
from headrace.lake import ledger, log
from headrace.lake.increments import Progress, all_of, remember
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.progress import Stopwatch

QUIET_SECONDS = 30.0
SAVE_SECONDS = 300.0
MOST_VERSIONS = 100
ACTIONS_KNOWN = 10_000


@dataclass(frozen=True)
class Turn:
    """What one commit is made from: first actions of operators and changes of senders, then versions."""

    first: int
    last: int
    senders: int
    received: tuple[Received, ...] = ()
    rows: int = 0
    late: int = 0
    rewritten: int = 0

    @classmethod
    def of(cls, note: Mapping[str, Any]) -> "Turn":
        turn = note["turn"]
        return cls(**{**turn, "received": tuple(Received(**each) for each in turn["received"])})

    def entry(self, version: int, note: Mapping[str, Any], source: str, senders: str) -> Entry:
        """The ledger's entry of a commit. source, senders: the tables that it was made from."""
        counts = {"on_time": self.rows - self.late, "late": self.late, "events": note["events"]}
        counts["rewritten"] = self.rewritten
        return Entry(
            "silver", TABLE, "Alarms", f"v{version:09d}", note["run"], self.rows, counts, version,
            {source: self.last, senders: self.senders},
        )  # fmt: skip


class AlarmFold:
    """receive: takes actions from a topic, beside those of the folder. stored: is given each commit's events."""

    def __init__(
        self,
        rules: Rules,
        context: RunContext,
        *,
        receive: Receive = lambda _: ([], {}),
        outbox: Outbox | None = None,
        stored: Callable[[pa.Table], None] = lambda _: None,
    ) -> None:
        self._rules, self.engine = rules, AlarmProcessor(rules)
        self._paths, self._run, self._store = context.paths, context.run, Store(context)
        self._folder, self._receive = Folder(context.paths), receive
        self._outbox, self._stored = outbox, stored
        self._made_from = rules.source, rules.senders.table
        self._source = context.paths.table("silver", rules.source)
        self._senders = context.paths.table("silver", rules.senders.table)
        self._position = Position()
        self._turn: Turn | None = None
        self._events: list[pa.Table] = []
        self._watch = Stopwatch()
        self._committed = self._saved = time.monotonic()

    def catch_up(self) -> list[Entry]:
        """Takes all there is by now; the entries of its commits."""
        if not log.exists(self._source):
            return []
        entries = self._resume() if self._position.began < 0 else []
        while True:
            entries += self._take_turn()
            if self._position.read >= log.version(self._source):
                break
        if self._outbox is not None:
            self._outbox.send(self._store)
        return entries

    def close(self) -> list[Entry]:
        """Commits the rows read, and saves the state."""
        entries = [self._commit(self._turn)] if self._turn is not None else []
        if self._position.began >= 0:
            self._save()
        return entries

    def _resume(self) -> list[Entry]:
        """Takes the last checkpoint, and makes again what was committed after it; the entries that were missing."""
        if (saved := self._store.load()) is not None:
            self._position, state = saved
            self.engine.restore(state)
            self._take_senders(self._position.senders)
        saved_at, entries = self._position.stored, []
        commits = list(self._store.commits(after=saved_at))
        if saved is None:
            began = commits[0].note["began"] if commits else log.version(self._source)
            self._position = Position(began, began - 1)
        for commit in commits:
            turn = Turn.of(commit.note)
            again = self._begin(turn.senders, turn.received)
            for version in range(turn.first, turn.last + 1):
                again = self._fold(again, version)
            self._events = []  # they are stored already
            self.engine.state_machine.register.counters = commit.note["counters"]
            self._position = replace(self._position, stored=commit.version, offsets=commit.note["offsets"])
            entry = turn.entry(commit.version, commit.note, *self._made_from)
            if not ledger.is_recorded(self._paths, entry):
                ledger.record(self._paths, entry)
                entries.append(entry)
        self._remember()
        if self._position.stored > saved_at:
            self._save()
        return entries

    def _take_turn(self) -> list[Entry]:
        """Goes on with the turn that is open, unless an action or a change of senders begins another. It is committed
        once it has events, or after a while."""
        received, offsets = self._new_actions()
        senders, entries = log.version(self._senders), []
        is_fresh = bool(received) or senders != self._position.senders
        if is_fresh and self._turn is not None:
            entries.append(self._commit(self._turn))
        turn = self._turn
        if turn is None:
            self._position = replace(self._position, offsets=self._position.offsets | offsets)
            turn = self._begin(senders, received)
        newest = min(log.version(self._source), self._position.read + MOST_VERSIONS)
        for version in range(self._position.read + 1, newest + 1):
            turn = self._fold(turn, version)
        has_read = turn.last >= turn.first
        is_due = time.monotonic() - self._committed > QUIET_SECONDS
        if is_fresh or self._events or (is_due and has_read):
            entries.append(self._commit(turn))
        else:
            self._turn = turn if has_read else None
        return entries

    def _new_actions(self) -> tuple[tuple[Received, ...], dict[str, int]]:
        """With the offsets that their topic was read to. Those known already are stored: their objects may go."""
        received, offsets = self._receive(self._position.offsets)
        received = [*self._folder.receive(), *received]
        self._folder.remove(each for each in received if each.name in self._position.known)
        new = {each.name: each for each in received if each.name not in self._position.known}
        return tuple(new.values()), offsets

    def _begin(self, senders: int, received: tuple[Received, ...]) -> Turn:
        position, self._watch = self._position, Stopwatch()
        if senders != position.senders:
            self._take_senders(senders)
        if len(events := self.engine.act(received)):
            self._events.append(events)
        known = (*position.known, *(each.name for each in received))[-ACTIONS_KNOWN:]
        self._position = replace(position, senders=senders, known=known)
        return Turn(position.read + 1, position.read, senders, received)

    def _take_senders(self, version: int) -> None:
        if version >= 0:
            self.engine.senders.take(current_senders(self._senders, version, self._rules))

    def _fold(self, turn: Turn, version: int) -> Turn:
        version_rows = rows_of_version(self._source, self._position.began, version)
        rows = late = rewritten = 0
        for batch in version_rows.batches(self._rules):
            events = self.engine.step(batch)
            rows, late = rows + len(batch), late + self.engine.late
            if len(events):
                self._events.append(events)
        if version_rows.is_rewriting:
            gained = log.row_count(self._source, version) - log.row_count(self._source, version - 1)
            rewritten = rows - gained
        self._position = replace(self._position, read=version)
        return replace(
            turn, last=version, rows=turn.rows + rows, late=turn.late + late,
            rewritten=turn.rewritten + rewritten,
        )  # fmt: skip

    def _commit(self, turn: Turn) -> Entry:
        events = pa.concat_tables(self._events) if self._events else SCHEMA.empty_table()
        note = {
            "run": self._run,
            "turn": asdict(turn),
            "began": self._position.began,
            "offsets": self._position.offsets,
            "counters": self.engine.state_machine.register.counters,
            "events": len(events),
        }
        version = self._store.append(events, all_of(turn.last), note)
        self._stored(events)
        entry = ledger.finished(turn.entry(version, note, *self._made_from), self._watch.seconds)
        ledger.record(self._paths, entry)
        self._position, self._turn, self._events = replace(self._position, stored=version), None, []
        self._watch, self._committed = Stopwatch(), time.monotonic()
        self._remember()
        self._folder.remove(turn.received)
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self._save()
        return entry

    def _remember(self) -> None:
        if self._position.read >= 0:
            remember(self._paths, TABLE, Progress(all_of(self._position.read), self._position.began))

    def _save(self) -> None:
        """Only between two commits: a checkpoint belongs to the last one."""
        self._store.save(self._position, self.engine.state())
        self._saved = time.monotonic()
