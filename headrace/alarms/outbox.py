"""Events on their way to whoever listens, at least once each: their names let a listener drop the second one."""

from collections.abc import Iterator
from typing import Protocol

import pyarrow as pa

from headrace.alarms.events import TABLE
from headrace.alarms.store import LogGone, Store, newest_event
from headrace.errors import HeadraceError
from headrace.lake import log, objects
from headrace.lake.paths import Paths
from headrace.progress import Event, tell


class Carrier(Protocol):
    """Takes events away, and says nothing or raises."""

    def carry(self, events: pa.Table) -> None: ...


class Outbox:
    """Sends what was stored; what cannot be sent now goes with the next. What was stored before anyone listened is in
    the table."""

    def __init__(self, paths: Paths, carrier: Carrier) -> None:
        self._marker, self._carrier = f"{paths.checkpoint('silver', TABLE)}/sent.json", carrier
        known = objects.get_json(self._marker)
        told = known or _all_of(paths.table("silver", TABLE))
        self._version, self._number = int(told["version"]), int(told.get("number", 0))
        if known is None:
            self._remember()

    def send(self, store: Store) -> None:
        if log.version(store.path) <= self._version:
            return
        try:
            for version, events in self._unsent(store):
                if len(events):
                    self._carrier.carry(events)
                    self._number = events["event_number"][-1].as_py()
                self._version = version
        except HeadraceError as error:
            tell(Event("alarms", "topic", "failed", note=f"{error} They are sent later."))
        self._remember()

    def _unsent(self, store: Store) -> Iterator[tuple[int, pa.Table]]:
        """Commit by commit; once the log or a file of one is gone, the rest at once, from the table as it is now."""
        newest = log.version(store.path)
        try:
            for commit in store.commits(after=self._version):
                yield commit.version, store.events(commit.version)
        except (FileNotFoundError, LogGone):
            yield newest, store.events_after(self._number, newest)

    def _remember(self) -> None:
        objects.put_json(self._marker, {"version": self._version, "number": self._number})


def _all_of(table: str) -> dict[str, int]:
    return {"version": log.version(table), "number": newest_event(table)}
