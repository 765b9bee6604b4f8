"""Keeps a domain's tables in order, one after the other, each under its lease: small and quick to read, and, where rows
are appended, with one row a key on each event day."""

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from headrace.errors import Busy, UnknownName, UsageError
from headrace.lake import ledger, log
from headrace.lake.compaction import Compacted, compact, only_vacuumed, untouched
from headrace.lake.lease import leased, living_holder
from headrace.lake.ledger import Published, last_good, publish
from headrace.lake.paths import LAYERS, Paths, accepted_of
from headrace.live.maintenance import ask
from headrace.live.standing_tables import REMOVED_FILES_HOURS
from headrace.operate.size import check_tables, tables_of
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import load_tables
from headrace.refine.late_duplicates import Copies, watched
from headrace.settings import SAFE_HOURS, Settings, get_settings
from headrace.sources.files import forget_taken
from headrace.writes.node import Node


@dataclass(frozen=True)
class Maintained:
    """work: None where another run held the table."""

    layer: str
    table: str
    seconds: float
    work: Compacted | None = None
    note: str = ""


def maintain(
    domain: str,
    *,
    tables: Collection[str] | None = None,
    layers: Collection[str] = LAYERS,
    least_bytes: int = 0,
    retain_hours: int | None = None,
    even_if_unsafe: bool = False,
    settings: Settings | None = None,
) -> list[Maintained]:
    """Sorts, compacts and vacuums tables of at least some size; a second run finds nothing to do.

    A table whose newest rows have not passed their scan is left alone: its readers are at an older version, whose files
    must stay.
    """
    settings = settings or get_settings()
    hours = retention(retain_hours, settings, even_if_unsafe=even_if_unsafe)
    paths, catalog = Paths.of(domain, settings), load_tables(domain)
    check_tables(domain, tables or ())
    return [
        _maintained(paths, layer, name, catalog.cluster_of(layer, name), least_bytes, hours, settings)
        for layer, name in tables_of(domain)
        if layer in layers
        and (tables is None or name in tables or accepted_of(name) in tables)
        and log.exists(paths.table(layer, name))
    ]


def retention(asked: int | None, settings: Settings, *, even_if_unsafe: bool = False) -> int:
    """Hours that files outlive their table's last use of them: a week at least, unless asked for less."""
    if asked is None:
        return settings.hours_kept
    if asked < SAFE_HOURS and not even_if_unsafe:
        raise UsageError(
            f"{asked} hours is less than a week: readers and streams that are under way could lose files "
            "they still need. Say so explicitly (--even-if-unsafe) when none are."
        )
    return asked


def _maintained(
    paths: Paths,
    layer: str,
    table: str,
    cluster: tuple[str, ...],
    least_bytes: int,
    hours: int,
    settings: Settings,
) -> Maintained:
    watch, item, path = Stopwatch(), f"{layer} {table}", paths.table(layer, table)
    tell(Event("maintain", item, "started"))

    def ended(work: Compacted | None, note: str, short: str, *, skipped: bool) -> Maintained:
        tell(Event("maintain", item, "skipped" if skipped else "done", seconds=watch.seconds, note=short))
        return Maintained(layer, table, watch.seconds, work, note)

    holder = living_holder(paths.lease(layer, accepted_of(table)))
    if holder is not None and holder.is_standing:
        is_needed = _is_of_long_ago(path, last_good(paths, layer, table))
        note = "left alone: its newest rows have not passed a scan for long"
        work = untouched(path, note) if is_needed else only_vacuumed(path, max(hours, SAFE_HOURS))
        return ended(work, work.note, work.note, skipped=True)
    try:
        lease = paths.lease(layer, table)
        with leased([lease], job=f"maintain {item}", seconds=settings.lease_seconds) as held:
            ledger.fold_old_entries(paths, layer, table)
            if layer == "bronze":
                forget_taken(paths, table, hours)
            good = last_good(paths, layer, table)
            if _is_ahead(path, good):
                work = untouched(path, "left alone: its newest rows have not passed a scan")
            else:
                work = compact(path, cluster, hours=hours, lease=held, least_bytes=least_bytes)
            if good is not None and work.action != "nothing":
                publish(paths, layer, table, replace(good, version=log.version(path)))
    except Busy as busy:
        return ended(None, str(busy), "busy", skipped=True)
    return ended(work, work.note, work.note, skipped=work.action == "nothing")


def _is_ahead(path: str, good: Published | None) -> bool:
    """Whether rows came since the version that passed its scan last."""
    if good is None:
        return False
    since = log.commits_after(path, good.version)
    return since is None or any(commit.changes_rows for commit in since)


def _is_of_long_ago(path: str, good: Published | None) -> bool:
    """Whether readers are at a version so old that its log may no longer say which of its files have left since."""
    if good is None or not _is_ahead(path, good):
        return False
    commit = log.commit(path, good.version)
    hours = (time.time() - commit.info.get("timestamp", 0) / 1000) / 3600 if commit else REMOVED_FILES_HOURS
    return hours >= REMOVED_FILES_HOURS


@dataclass(frozen=True)
class Deduped:
    """The days of a table that were looked at, and the rows taken out of those that had any."""

    table: str
    days: tuple[str, ...]
    removed: dict[str, int]
    seconds: float

    @property
    def rows(self) -> int:
        return sum(self.removed.values())


def dedupe(
    domain: str,
    *,
    day: date | None = None,
    tables: Sequence[str] | None = None,
    settings: Settings | None = None,
) -> list[Deduped]:
    """Without a day: those that rows came to since the last time. A second run finds nothing."""
    settings = settings or get_settings()
    paths, nodes = Paths.of(domain, settings), nodes_to_dedupe(domain, tables)
    run = f"dedupe-{datetime.now(UTC):%Y%m%dT%H%M%S}"
    return [_deduped(Copies(node, paths, settings, run), day) for node in nodes]


def nodes_to_dedupe(domain: str, tables: Sequence[str] | None) -> list[Node]:
    nodes = watched(load_tables(domain))
    known = {node.name for node in nodes}
    for name in tables or ():
        if name not in known:
            raise UnknownName("table that rows are appended to by their day", name, known)
    return [node for node in nodes if tables is None or node.name in tables]


def _deduped(copies: Copies, day: date | None) -> Deduped:
    watch, now, name = Stopwatch(), datetime.now(UTC), copies.node.name
    tell(Event("dedupe", name, "started"))
    last = ledger.remembered(copies.paths, "deduped", name).get("at")
    since = datetime.fromisoformat(last) if last else None
    days = [day.isoformat()] if day else copies.days_since(since)
    removed = _removed(copies, days)
    if day is None:
        ledger.remember(copies.paths, "deduped", name, {"at": now.isoformat()})
    found = Deduped(name, tuple(days), removed, watch.seconds)
    tell(Event("dedupe", name, "done", rows=found.rows, seconds=watch.seconds, note=f"{len(days)} days"))
    return found


def _removed(copies: Copies, days: Sequence[str]) -> dict[str, int]:
    """By the standing job, part by part, where it holds the table; the days that it leaves by this process."""
    rows: dict[str, int] = {}
    left, name = tuple(days), copies.node.name
    lease = copies.paths.lease("silver", name)
    while left and (holder := living_holder(lease)) is not None and holder.is_standing:
        answer = ask(copies.paths, lease, {"dedupe": name, "days": list(left)})
        if answer is None:  # the job ended
            break
        rows |= answer["rows"]
        left = tuple(answer["left"])
    if not left:
        return rows
    with leased([lease], job=f"dedupe {name}", seconds=copies.settings.lease_seconds) as leases:
        return rows | copies.remove(left, leases.checked).rows
