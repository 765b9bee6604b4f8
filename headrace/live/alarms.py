"""The alarms of the standing job: a thread of their own follows silver, so that no batch waits for them.

What it dies of ends the job: a job that goes on without its alarms looks well and is not.
"""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType

import pyarrow as pa

from headrace.alarms.actions import Folder, Inbox
from headrace.alarms.fold import AlarmFold
from headrace.alarms.outbox import Outbox
from headrace.errors import HeadraceError
from headrace.lake.ledger import Entry
from headrace.lake.run_context import RunContext
from headrace.live.alarm_topics import TopicCarrier, TopicInbox
from headrace.tables import Alarms
from headrace.writes.alarms import AlarmsWay
from headrace.writes.node import Node

LOOK_SECONDS = 1.0
Told = Callable[[AlarmFold, Sequence[Entry], Sequence[pa.Table]], None]


class AlarmsThread:
    """Entered, it runs; `notice` tells it that silver has more; left, it takes all there is and ends."""

    def __init__(self, edge: AlarmFold | None, told: Told) -> None:
        self._edge, self._told = edge, told
        self._news, self._stopping = threading.Event(), threading.Event()
        self._died_of: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True, name="alarms")

    def __enter__(self) -> "AlarmsThread":
        if self._edge is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._edge is None:
            return
        self._stopping.set()
        self._news.set()
        self._thread.join()
        if error is None and self._died_of is None:
            self._take_last(self._edge)
        if error is None:
            self.check()

    def notice(self) -> None:
        self._news.set()

    def check(self) -> None:
        if isinstance(self._died_of, HeadraceError):
            raise type(self._died_of)(f"the alarms could not go on: {self._died_of}") from self._died_of
        if self._died_of is not None:
            self._died_of.add_note("while following silver to its alarms")
            raise self._died_of

    def _run(self) -> None:
        assert self._edge is not None
        try:
            while not self._stopping.is_set():
                self._take_all(self._edge)
                self._news.wait(LOOK_SECONDS)
                self._news.clear()
        except BaseException as error:  # raised by `check`, in the thread that can end the job
            self._died_of = error

    def _take_last(self, edge: AlarmFold) -> None:
        try:
            self._take_all(edge, is_last=True)
        except Exception as error:
            self._died_of = error

    def _take_all(self, edge: AlarmFold, *, is_last: bool = False) -> None:
        entries = edge.catch_up()
        if is_last:
            entries += edge.close()
        self._told(edge, entries, edge.take_stored())


def fold_of(node: Node, context: RunContext, *, broker: bool) -> AlarmFold:
    """broker: whether one is there; without it, nothing is sent and actions come as objects alone."""
    paths, settings = context.paths, context.settings
    inboxes: list[Inbox] = [Folder(paths)]
    outbox = None
    if broker:
        inboxes.append(TopicInbox(paths.domain, settings))
        outbox = Outbox(paths, TopicCarrier(paths.domain, settings))
    write = node.table.write
    assert isinstance(write, Alarms)
    rules = AlarmsWay(write).rules(paths.domain)
    return AlarmFold(rules, context, inboxes=inboxes, outbox=outbox)
