"""Events on their way to whoever listens, at least once each: their names let a listener drop the second one."""

from typing import Protocol

import pyarrow as pa

from headrace.alarms.events import TABLE
from headrace.alarms.store import Store
from headrace.errors import HeadraceError
from headrace.lake import log, objects
from headrace.lake.paths import Paths
from headrace.progress import Event, tell


class Carrier(Protocol):
    """Takes events away, and says nothing or raises."""

    def carry(self, events: pa.Table) -> None: ...


class Outbox:
    """Sends what was stored; what cannot be sent now goes with the next."""

    def __init__(self, paths: Paths, carrier: Carrier) -> None:
        self._marker = f"{paths.checkpoint('silver', TABLE)}/sent.json"
        self._carrier = carrier
        self._sent = int((objects.get_json(self._marker) or {"version": -1})["version"])

    def send(self, store: Store) -> None:
        newest = log.version(store.path)
        if newest <= self._sent:
            return
        try:
            for commit in store.commits(after=self._sent):
                events = store.events(commit.version)
                if len(events):
                    self._carrier.carry(events)
                self._sent = commit.version
        except HeadraceError as error:
            tell(Event("alarms", "topic", "failed", note=f"{error} They are sent later."))
        objects.put_json(self._marker, {"version": self._sent})
