"""Maintenance of the standing job's tables while it stands, and requests for what only their writer may do.

Small files are joined between two batches, in some tenths of a second; second copies are looked for beside them. A
request is an object in the lake, and so is its answer.
"""

import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from threading import Event, Lock, Thread
from typing import Any

from headrace import progress
from headrace.errors import Busy, HeadraceError, useful_line
from headrace.lake import log, objects
from headrace.lake.compaction import join_small_files
from headrace.lake.lease import RunContext, living_holder
from headrace.lake.ledger import fold_old_entries, last_good, publish
from headrace.lake.log import trim_log
from headrace.lake.paths import Paths, is_beside
from headrace.live.standing_tables import StandingTable, oldest_needed
from headrace.progress import Stopwatch
from headrace.refine.catalog import Catalog
from headrace.refine.late_duplicates import Copies
from headrace.sources.files import forget_taken
from headrace.writes.node import Node

STAGE = "maintenance"
LOOK_EVERY, TABLES_EVERY, TIDY_EVERY = 2.0, 15.0, 300.0
REQUEST_SECONDS = 60.0
NOTE = "joined"
ANSWER_EVERY, ANSWERED_WITHIN = 0.3, 1800.0
ANSWER = ".answer.json"


@dataclass(frozen=True)
class Request:
    url: str
    wanted: dict[str, Any]

    def answer(self, done: dict[str, Any] | None = None, *, error: str = "") -> None:
        objects.put_json(_answer_to(self.url), {"done": done, "error": error})


def ask(paths: Paths, lease: str, wanted: dict[str, Any]) -> Any:
    """The answer; None where the job has ended meanwhile, so that whoever asks does it alone."""
    url = f"{paths.requests}/{uuid.uuid4().hex}.json"
    objects.put_json(url, wanted)
    end = time.monotonic() + ANSWERED_WITHIN
    try:
        while time.monotonic() < end:
            answer = objects.get_json(_answer_to(url))
            if answer is not None and answer["error"]:
                raise HeadraceError(f"the standing job could not do it: {answer['error']}")
            if answer is not None:
                return answer["done"]
            holder = living_holder(lease)
            if holder is None or not holder.is_standing:
                return None
            time.sleep(ANSWER_EVERY)
    finally:
        objects.delete(url)
        objects.delete(_answer_to(url))
    raise Busy(f"the standing job gave no answer in {ANSWERED_WITHIN / 60:.0f} minutes; try again")


def open_requests(paths: Paths) -> list[Request]:
    """Requests without an answer."""
    urls = set(objects.list_under(paths.requests))
    open_ones = [url for url in sorted(urls) if not url.endswith(ANSWER) and _answer_to(url) not in urls]
    wanted_at = ((url, objects.get_json(url)) for url in open_ones)
    return [Request(url, wanted) for url, wanted in wanted_at if wanted is not None]


def _answer_to(url: str) -> str:
    return url.removesuffix(".json") + ANSWER


class Maintenance:
    """Goes from table to table while it is entered. turns: one a contract, held by whoever writes its tables."""

    def __init__(
        self, tables: list[StandingTable], catalog: Catalog, context: RunContext, turns: Mapping[str, Lock]
    ) -> None:
        self._tables, self._catalog, self._context, self._turns = tables, catalog, context, turns
        self._tidied: dict[str, float] = {}
        self._ended = Event()
        self._thread = Thread(target=self._run_on, daemon=True, name="maintenance")

    def __enter__(self) -> "Maintenance":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run_on(self) -> None:
        for table in self._tables:
            if table.node is not None:
                self._safely(table, self._copies(table.node).finish)
        looked = 0.0
        while not self._ended.wait(LOOK_EVERY):
            for request in open_requests(self._context.paths):
                self._answer(request)
            if time.monotonic() - looked >= TABLES_EVERY:
                looked = time.monotonic()
                for table in self._tables:
                    self._safely(table, partial(self._look_after, table))

    def _safely(self, table: StandingTable, work: Callable[[], None]) -> None:
        """What goes wrong here is told and tried again; rows go on coming."""
        try:
            work()
        except Exception as error:
            progress.tell(progress.Event(STAGE, str(table), "failed", note=useful_line(error)))

    def _look_after(self, table: StandingTable) -> None:
        context, path = self._context, self._path(table)
        if self._ended.is_set() or not log.exists(path):
            return
        if context.settings.join_files:
            self._join_files(table)
        if time.monotonic() - self._tidied.get(str(table), 0.0) < TIDY_EVERY:
            return
        self._tidied[str(table)] = time.monotonic()
        if not is_beside(table.name):  # a table beside another has no ledger
            fold_old_entries(context.paths, table.layer, table.name)
        if table.layer == "bronze":
            forget_taken(context.paths, table.name, context.settings.hours_kept)
        needed = oldest_needed(self._catalog, context.paths, table.layer, table.name)
        trim_log(path, hours=context.settings.live_log_hours, needed=needed)

    def _path(self, table: StandingTable) -> str:
        return self._context.paths.table(table.layer, table.name)

    def _join_files(self, table: StandingTable) -> None:
        """A version that was good before its files were joined is good afterwards."""
        paths, watch = self._context.paths, Stopwatch()
        good = last_good(paths, table.layer, table.name)
        commit = partial(self._between_batches, table)
        done = join_small_files(self._path(table), self._context.settings.join_files, {NOTE: True}, commit)
        if done is None:
            return
        if good is not None and good.version == done.version - 1:
            publish(paths, table.layer, table.name, replace(good, version=done.version))
        note = f"{done.files_before} files are {done.files_after}"
        progress.tell(progress.Event(STAGE, str(table), "done", seconds=watch.seconds, note=note))

    def _between_batches(self, table: StandingTable, work: Callable[[], int | None]) -> int | None:
        with self._turns[table.source]:
            return self._context.leases.checked(work)

    def _copies(self, node: Node) -> Copies:
        return Copies(node, self._context.paths, self._context.settings, self._context.run)

    def _answer(self, request: Request) -> None:
        """A part of a request: whoever waits for the rest asks again, and tables are looked after meanwhile."""
        looked_at = {table.name: table for table in self._tables if table.node is not None}
        table = looked_at.get(request.wanted.get("dedupe", ""))
        if table is None or table.node is None:
            request.answer(error=f"it does not write {request.wanted}")
            return
        until = time.monotonic() + REQUEST_SECONDS
        commit = partial(self._between_batches, table)

        def may_go_on() -> bool:
            return not self._ended.is_set() and time.monotonic() < until

        try:
            done = self._copies(table.node).remove(request.wanted["days"], commit, may_go_on)
        except Exception as error:  # whoever asks is told
            request.answer(error=useful_line(error))
        else:
            request.answer(asdict(done))
