"""The way from the followed silver table to its alarms, exactly once.

How far it has come lies in the alarms table's own commits, and each names all it was made from: the versions read, the
senders' version and what operators did before. What is remembered of senders is saved now and then; whoever goes on
after a kill takes the last snapshot, makes the commits since then again without storing them, and is where they ended.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import pyarrow as pa

from headrace.alarms import checkpoint
from headrace.alarms.actions import Folder, Inbox, Received
from headrace.alarms.checkpoint import ACTIONS_KNOWN, Position
from headrace.alarms.events import SCHEMA, TABLE
from headrace.alarms.outbox import Outbox
from headrace.alarms.processor import AlarmProcessor
from headrace.alarms.rules import Rules
from headrace.alarms.senders import current_senders
from headrace.alarms.source_versions import rows_of_version
from headrace.alarms.store import Store
from headrace.lake import ledger, log
from headrace.lake.increments import Progress, all_of, remember
from headrace.lake.ledger import Entry
from headrace.lake.run_context import RunContext
from headrace.progress import Stopwatch

QUIET_SECONDS = 30.0
SAVE_SECONDS = 300.0
MOST_VERSIONS = 100


@dataclass(frozen=True)
class Turn:
    """What is folded in by one commit: first what operators did and how senders have changed, then versions."""

    first: int
    last: int
    senders: int
    received: tuple[Received, ...] = ()
    rows: int = 0
    late: int = 0
    rewritten: int = 0

    def note(self, mark: Position, engine: AlarmProcessor, events: int) -> dict[str, Any]:
        return {
            "turn": asdict(self),
            "began": mark.began,
            "offsets": mark.offsets,
            "counters": engine.book.counters,
            "events": events,
        }


def entry_of(turn: Turn, version: int, note: Mapping[str, Any], source: str, senders: str) -> Entry:
    """What the ledger says of a commit. source, senders: the tables that it was made from."""
    counts = {
        "on_time": turn.rows - turn.late,
        "late": turn.late,
        "events": note["events"],
        "rewritten": turn.rewritten,
    }
    return Entry(
        "silver", TABLE, "Alarms", f"v{version:09d}", note["run"], turn.rows, counts, version,
        {source: turn.last, senders: turn.senders},
    )  # fmt: skip


def turn_of(note: Mapping[str, Any]) -> Turn:
    told = note["turn"]
    return Turn(**{**told, "received": tuple(Received(**each) for each in told["received"])})


class AlarmFold:
    def __init__(
        self,
        rules: Rules,
        context: RunContext,
        *,
        inboxes: Sequence[Inbox] | None = None,
        outbox: Outbox | None = None,
    ) -> None:
        self.rules, self.engine = rules, AlarmProcessor(rules)
        paths = self._paths = context.paths
        self._run = context.run
        self._inboxes = [Folder(paths)] if inboxes is None else list(inboxes)
        self._outbox = outbox
        self._store = Store(context)
        self._source = paths.table("silver", rules.source)
        self._senders = paths.table("silver", rules.senders.table)
        self._mark: Position | None = None
        self._turn: Turn | None = None
        self._events: list[pa.Table] = []
        self._stored: list[pa.Table] = []
        self._watch = Stopwatch()
        self._committed = self._saved = time.monotonic()

    def catch_up(self) -> list[Entry]:
        """Takes all there is by now; what was stored of it."""
        if not log.exists(self._source):
            return []
        entries = [] if self._mark is not None else self._go_on_from_before()
        while True:
            entries += self._one_turn()
            mark = self._known()
            if mark.read >= log.version(self._source):
                break
        if self._outbox is not None:
            self._outbox.send(self._store)
        return entries

    def close(self) -> list[Entry]:
        """Stores what was read, and remembers it."""
        entries = self._commit() if self._turn is not None else []
        if self._mark is not None:
            self._save()
        return entries

    def take_stored(self) -> list[pa.Table]:
        """The events that were stored since this was asked last."""
        stored, self._stored = self._stored, []
        return stored

    def _known(self) -> Position:
        assert self._mark is not None, "nothing was read yet"
        return self._mark

    # --- going on

    def _go_on_from_before(self) -> list[Entry]:
        saved = checkpoint.load(self._paths)
        if saved is not None:
            self._mark, state = saved
            self.engine.restore(state)
            self._take_senders(self._mark.senders)
        entries = []
        for commit in self._store.commits(after=self._mark.stored if self._mark else -1):
            turn = turn_of(commit.note)
            if self._mark is None:
                self._mark = Position(commit.note["began"], commit.note["began"] - 1)
            self._make_again(turn, commit)
            entry = self._entry(turn, commit.version, commit.note)
            if not ledger.is_recorded(self._paths, entry):
                ledger.record(self._paths, entry)
                entries.append(entry)
        if self._mark is None:
            newest = log.version(self._source)
            self._mark = Position(newest, newest - 1)
        self._remember()
        if self._known().stored > (saved[0].stored if saved else -1):
            self._save()
        return entries

    def _make_again(self, turn: Turn, commit: log.Commit) -> None:
        """As it was made before its commit; the events are stored already."""
        self._begin(turn.senders, turn.received)
        for version in range(turn.first, turn.last + 1):
            self._fold(version)
        self._turn, self._events = None, []
        self.engine.book.counters = commit.note["counters"]
        self._mark = replace(self._known(), stored=commit.version, offsets=commit.note["offsets"])

    # --- one turn

    def _one_turn(self) -> list[Entry]:
        received, offsets = self._receive()
        senders, entries = log.version(self._senders), []
        is_fresh = bool(received) or senders != self._known().senders
        if is_fresh and self._turn is not None:
            entries += self._commit()
        if self._turn is None:
            self._mark = replace(self._known(), offsets=self._known().offsets | offsets)
            self._begin(senders, received)
        newest = min(log.version(self._source), self._known().read + MOST_VERSIONS)
        for version in range(self._known().read + 1, newest + 1):
            self._fold(version)
        if not (is_fresh or self._has_read()):
            self._turn = None
        is_due = time.monotonic() - self._committed > QUIET_SECONDS
        if is_fresh or self._events or (is_due and self._has_read()):
            entries += self._commit()
        return entries

    def _receive(self) -> tuple[tuple[Received, ...], dict[str, int]]:
        found: dict[str, Received] = {}
        offsets: dict[str, int] = {}
        for inbox in self._inboxes:
            received, moved = inbox.receive(self._known().offsets)
            inbox.done([each for each in received if each.name in self._known().known])
            found |= {each.name: each for each in received if each.name not in self._known().known}
            offsets |= moved
        return tuple(found.values()), offsets

    def _begin(self, senders: int, received: tuple[Received, ...]) -> None:
        mark, self._watch = self._known(), Stopwatch()
        self._turn = Turn(mark.read + 1, mark.read, senders, received)
        if senders != mark.senders:
            self._take_senders(senders)
        events = self.engine.act(received)
        if len(events):
            self._events.append(events)
        known = (*mark.known, *(each.name for each in received))[-ACTIONS_KNOWN:]
        self._mark = replace(mark, senders=senders, known=known)

    def _take_senders(self, version: int) -> None:
        if version >= 0:
            self.engine.senders.take(current_senders(self._senders, version, self.rules))

    def _fold(self, version: int) -> None:
        turn, mark = self._turn, self._known()
        assert turn is not None
        found = rows_of_version(self._source, mark.began, version)
        rows = late = 0
        for batch in found.batches(self.rules):
            events = self.engine.step(batch)
            rows, late = rows + len(batch), late + self.engine.late
            if len(events):
                self._events.append(events)
        rewritten = 0
        if found.is_rewriting:
            rewritten = rows - log.row_count(self._source, version) + log.row_count(self._source, version - 1)
        self._turn = replace(
            turn,
            last=version,
            rows=turn.rows + rows,
            late=turn.late + late,
            rewritten=turn.rewritten + rewritten,
        )
        self._mark = replace(mark, read=version)

    def _has_read(self) -> bool:
        return self._turn is not None and self._turn.last >= self._turn.first

    def _commit(self) -> list[Entry]:
        turn, mark = self._turn, self._known()
        assert turn is not None
        events = pa.concat_tables(self._events) if self._events else SCHEMA.empty_table()
        note = {"run": self._run, **turn.note(mark, self.engine, len(events))}
        version = self._store.append(events, all_of(turn.last), note)
        self._stored.append(events)
        entry = self._entry(turn, version, note)
        entry = ledger.finished(entry, self._watch.seconds)
        self._record(entry)
        self._mark, self._turn, self._events = replace(mark, stored=version), None, []
        self._watch, self._committed = Stopwatch(), time.monotonic()
        self._remember()
        for inbox in self._inboxes:
            inbox.done(turn.received)
        if time.monotonic() - self._saved > SAVE_SECONDS:
            self._save()
        return [entry]

    def _entry(self, turn: Turn, version: int, note: Mapping[str, Any]) -> Entry:
        return entry_of(turn, version, note, self.rules.source, self.rules.senders.table)

    def _record(self, entry: Entry) -> None:
        ledger.record(self._paths, entry)

    def _remember(self) -> None:
        mark = self._known()
        if mark.read >= 0:
            remember(self._paths, TABLE, Progress(all_of(mark.read), mark.began))

    def _save(self) -> None:
        """Only between two commits: a snapshot belongs to the last one."""
        checkpoint.save(self._paths, self._known(), self.engine.state())
        self._saved = time.monotonic()
