"""Maintenance of the standing job's tables while it stands, and answers to requests for what only their writer may do.

Small files are joined between two batches, in some tenths of a second; second copies are looked for beside them.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from functools import partial
from types import TracebackType

from headrace.contracts.model import Contract
from headrace.errors import useful_line
from headrace.lake import log
from headrace.lake.ledger import fold_old_entries
from headrace.lake.log import trim_log
from headrace.lake.paths import is_beside, rejected_of
from headrace.lake.published import last_good, publish
from headrace.lake.run_context import RunContext
from headrace.lake.small_files import join_small_files
from headrace.live.log_retention import oldest_needed
from headrace.live.requests import Request, open_requests
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import Catalog
from headrace.refine.late_duplicates import Copies, watched
from headrace.sources.files import forget_taken
from headrace.writes.node import Node
from headrace.writes.way import way_of

STAGE = "maintenance"
LOOK_EVERY, TABLES_EVERY, TIDY_EVERY = 2.0, 15.0, 300.0
REQUEST_SECONDS = 60.0
NOTE = "joined"


@dataclass(frozen=True)
class MaintainedTable:
    """One table that the job writes. `source`: the contract whose turn it is written in. `node`: of a silver table
    whose keys are looked at, how it is made."""

    source: str
    layer: str
    name: str
    cluster: tuple[str, ...] = ()
    node: Node | None = None

    def __str__(self) -> str:
        return f"{self.layer} {self.name}"

    @property
    def has_ledger(self) -> bool:
        return not is_beside(self.name)


def maintained_tables(
    catalog: Catalog, sources: Iterable[Contract], *, with_silver: bool
) -> list[MaintainedTable]:
    """What the job writes of these contracts."""
    return [
        table for source in sources for table in _maintained(catalog, source.table, with_silver=with_silver)
    ]


def _maintained(catalog: Catalog, source: str, *, with_silver: bool) -> list[MaintainedTable]:
    looked_at = watched(catalog)
    found = [MaintainedTable(source, "bronze", source, catalog.cluster_of("bronze", source))]
    for node in catalog.made_from(catalog.contracts[source]) if with_silver else []:
        copies = node if node in looked_at else None
        found += [
            MaintainedTable(source, "silver", node.name, node.table.cluster, copies),
            MaintainedTable(source, "silver", rejected_of(node.name)),
            *(
                MaintainedTable(source, "silver", name)
                for name in way_of(node.table.write).side_tables(node.name)
            ),
        ]
    for node in catalog.followers(catalog.contracts[source]) if with_silver else []:
        found.append(MaintainedTable(source, "silver", node.name, node.table.cluster))
    return found


class Maintenance:
    """Goes from table to table for as long as it is entered.

    turns: one a contract, held by whoever writes its tables.
    """

    def __init__(
        self,
        tables: Sequence[MaintainedTable],
        catalog: Catalog,
        context: RunContext,
        turns: Mapping[str, AbstractContextManager[object]],
    ) -> None:
        self._tables, self._catalog, self._context, self._turns = tables, catalog, context, turns
        self._tidied: dict[str, float] = {}
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run_on, daemon=True, name="maintenance")

    @property
    def places(self) -> list[str]:
        return [self._path(table) for table in self._tables]

    def __enter__(self) -> "Maintenance":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run_on(self) -> None:
        for table in self._tables:
            self._safely(str(table), partial(self._finish, table))
        looked = 0.0
        while not self._ended.wait(LOOK_EVERY):
            for request in open_requests(self._context.paths):
                self._answer(request)
            if time.monotonic() - looked >= TABLES_EVERY:
                looked = time.monotonic()
                for table in self._tables:
                    self._safely(str(table), partial(self.look_after, table))

    def look_after(self, table: MaintainedTable) -> None:
        if self._ended.is_set() or not log.exists(self._path(table)):
            return
        self._join_files(table)
        if time.monotonic() - self._tidied.get(str(table), 0.0) >= TIDY_EVERY:
            self._tidied[str(table)] = time.monotonic()
            self._tidy(table)

    def _path(self, table: MaintainedTable) -> str:
        return self._context.paths.table(table.layer, table.name)

    def _join_files(self, table: MaintainedTable) -> None:
        least, watch = self._context.settings.join_files, Stopwatch()
        if not least:
            return
        good, path = last_good(self._context.paths, table.layer, table.name), self._path(table)
        done = join_small_files(path, least, {NOTE: True}, partial(self._between_batches, table))
        if done is None:
            return
        if good is not None and good.version == done.version - 1:
            publish(self._context.paths, table.layer, table.name, replace(good, version=done.version))
        note = f"{done.files_before} files are {done.files_after}"
        tell(Event(STAGE, str(table), "done", seconds=watch.seconds, note=note))

    def _tidy(self, table: MaintainedTable) -> None:
        if table.has_ledger:
            fold_old_entries(self._context.paths, table.layer, table.name)
        if table.layer == "bronze":
            forget_taken(self._context.paths, table.name, self._context.settings.hours_kept)
        needed = oldest_needed(self._catalog, self._context.paths, table.layer, table.name)
        trim_log(self._path(table), hours=self._context.settings.live_log_hours, needed=needed)

    def _between_batches(self, table: MaintainedTable, work: Callable[[], int | None]) -> int | None:
        with self._turns[table.source]:
            return self._context.leases.checked(work)

    def _finish(self, table: MaintainedTable) -> None:
        if table.node is not None:
            self._copies(table.node).finish()

    def _copies(self, node: Node) -> Copies:
        return Copies(node, self._context.paths, self._context.settings, self._context.run)

    def _answer(self, request: Request) -> None:
        looked_at = {table.name: table for table in self._tables if table.node is not None}
        table = looked_at.get(request.wanted.get("dedupe", ""))
        if table is None or table.node is None:
            request.answer(error=f"it does not write {request.wanted}")
            return
        try:
            commit = partial(self._between_batches, table)
            done = self._copies(table.node).remove(request.wanted["days"], commit, self._may_go_on())
        except Exception as error:  # whoever asks is told
            request.answer(error=useful_line(error))
        else:
            request.answer(asdict(done))

    def _may_go_on(self) -> Callable[[], bool]:
        """For a part of a request: whoever waits for the rest asks again, and the tables are looked after meanwhile."""
        until = time.monotonic() + REQUEST_SECONDS
        return lambda: not self._ended.is_set() and time.monotonic() < until

    def _safely(self, item: str, work: Callable[[], None]) -> None:
        """What goes wrong here is told and tried again; rows go on coming."""
        try:
            work()
        except Exception as error:
            tell(Event(STAGE, item, "failed", note=useful_line(error)))
