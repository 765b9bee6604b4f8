"""Keeps a domain's tables small and quick to read, one after the other, each under its lease.

A table whose newest rows have not passed their scan is left alone: its readers are at an older version, whose
files must stay.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Literal

from headrace.errors import Busy, UsageError
from headrace.lake import log
from headrace.lake.compaction import Compacted, compact, only_vacuumed, untouched
from headrace.lake.lease import leased, living_holder
from headrace.lake.ledger import fold_old_entries
from headrace.lake.paths import LAYERS, Paths, accepted_of
from headrace.lake.published import Published, last_good, publish
from headrace.operate.size import check_tables, tables_of
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import load_tables
from headrace.settings import SAFE_HOURS, Settings, get_settings
from headrace.sources.files import forget_taken


@dataclass(frozen=True)
class Maintained:
    """What was done to a table; work is None where another run held it."""

    layer: str
    table: str
    seconds: float
    work: Compacted | None = None
    note: str = ""


@dataclass(frozen=True)
class _Target:
    layer: str
    table: str
    cluster: tuple[str, ...]
    paths: Paths

    @property
    def path(self) -> str:
        return self.paths.table(self.layer, self.table)


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
    """Sorts, compacts and vacuums tables of at least some size; a second run finds nothing to do."""
    settings = settings or get_settings()
    hours = retention(retain_hours, settings, even_if_unsafe=even_if_unsafe)
    paths = Paths.of(domain, settings)
    return [_one(target, least_bytes, hours, settings) for target in _targets(paths, tables, layers)]


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


def _targets(paths: Paths, tables: Collection[str] | None, layers: Collection[str]) -> list[_Target]:
    catalog = load_tables(paths.domain)
    check_tables(paths.domain, tables or ())
    return [
        _Target(layer, name, catalog.cluster_of(layer, name), paths)
        for layer, name in tables_of(paths.domain)
        if layer in layers
        and (tables is None or name in tables or accepted_of(name) in tables)
        and log.exists(paths.table(layer, name))
    ]


def _one(target: _Target, least_bytes: int, hours: int, settings: Settings) -> Maintained:
    watch, item = Stopwatch(), f"{target.layer} {target.table}"
    lease = target.paths.lease(target.layer, target.table)
    tell(Event("maintain", item, "started"))
    holder = living_holder(target.paths.lease(target.layer, accepted_of(target.table)))
    if holder is not None and holder.is_standing:
        work = only_vacuumed(target.path, max(hours, SAFE_HOURS))
        tell(Event("maintain", item, "skipped", seconds=watch.seconds, note=work.note))
        return Maintained(target.layer, target.table, watch.seconds, work, work.note)
    try:
        with leased([lease], job=f"maintain {item}", seconds=settings.lease_seconds) as held:
            fold_old_entries(target.paths, target.layer, target.table)
            if target.layer == "bronze":
                forget_taken(target.paths, target.table, hours)
            good = last_good(target.paths, target.layer, target.table)
            if _is_ahead(target.path, good):
                work = untouched(target.path, "left alone: its newest rows have not passed a scan")
            else:
                work = compact(target.path, target.cluster, hours=hours, lease=held, least_bytes=least_bytes)
            if good is not None and work.action != "nothing":
                publish(
                    target.paths, target.layer, target.table, replace(good, version=log.version(target.path))
                )
    except Busy as busy:
        tell(Event("maintain", item, "skipped", seconds=watch.seconds, note="busy"))
        return Maintained(target.layer, target.table, watch.seconds, note=str(busy))
    state: Literal["skipped", "done"] = "skipped" if work.action == "nothing" else "done"
    tell(Event("maintain", item, state, seconds=watch.seconds, note=work.note))
    return Maintained(target.layer, target.table, watch.seconds, work, work.note)


def _is_ahead(path: str, good: Published | None) -> bool:
    """Whether rows came since the version that passed its scan last."""
    if good is None:
        return False
    since = log.commits_after(path, good.version)
    return since is None or any(commit.changes_rows for commit in since)
