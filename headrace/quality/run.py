"""Scans a layer: one Soda scan for all its tables that have something new to judge."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from headrace.errors import UnknownName
from headrace.lake import objects
from headrace.lake.paths import LAYERS, Paths
from headrace.lake.session import get_spark
from headrace.progress import Event, Stopwatch, tell
from headrace.quality.checks import soda_folder, tables_of
from headrace.quality.judge import Target, due_of, judge, not_yet, parts_of, target_of
from headrace.quality.published import Published, publish
from headrace.quality.summary import ScanSummary
from headrace.quality.views import Part, Views
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.instants import newest_event
from headrace.settings import Settings, get_settings


def scan(
    domain: str,
    layer: str,
    *,
    tables: Sequence[str] | None = None,
    as_of: datetime | None = None,
    settings: Settings | None = None,
    force: bool = False,
) -> ScanSummary:
    """Judges what is new since each table's last passed scan; a closed gate is for `gate` to say."""
    return scan_layer(
        load_tables(domain), layer, tables=tables, as_of=as_of, settings=settings or get_settings(),
        force=force, soda=soda_folder(domain),
    )  # fmt: skip


def scan_layer(
    catalog: Catalog,
    layer: str,
    *,
    tables: Sequence[str] | None = None,
    as_of: datetime | None = None,
    settings: Settings,
    force: bool = False,
    soda: Path,
) -> ScanSummary:
    """The same for tables at hand and checks in a given folder."""
    watch, paths = Stopwatch(), Paths.of(catalog.domain, settings)
    names = _names(catalog, layer, tables)
    instant = as_of or newest_event(paths, catalog) or datetime.now(UTC).replace(tzinfo=None)
    tell(Event("scan", layer, "started"))
    targets = [target_of(catalog, layer, name, paths, soda) for name in names]
    due = [todo for target in targets if (todo := due_of(target, instant, force=force)) is not None]
    waiting = {target.table: said for target in due if (said := not_yet(target, catalog, layer, paths))}
    there = [target for target in due if target.table not in waiting]
    checks = list(waiting.values())
    parts: dict[str, Part] = {}
    if there:
        spark, views = get_spark(settings), Views(catalog, paths, layer)
        parts = {} if force else parts_of(spark, catalog, layer, there, paths)
        checks += judge(spark, views, there, parts, instant)
    summary = ScanSummary(
        domain=catalog.domain,
        layer=layer,
        as_of=instant.isoformat(),
        checks=checks,
        skipped=sorted(set(names) - {target.table for target in due}),
        versions={target.table: target.version for target in due if target.version >= 0},
        scopes={target.table: _scope(parts.get(target.checks.view)) for target in there},
        seconds=watch.seconds,
    )
    _record(summary, paths, [target for target in due if target.version >= 0])
    state: Literal["failed", "done"] = "failed" if summary.failed else "done"
    tell(Event("scan", layer, state, rows=len(checks), seconds=watch.seconds))
    return summary


def scan_results(domain: str, settings: Settings) -> list[dict[str, Any]]:
    """Every check of every scan, oldest first, one flat row each."""
    return [row for rows in objects.all_json(Paths.of(domain, settings).scans) for row in rows]


def _names(catalog: Catalog, layer: str, tables: Sequence[str] | None) -> list[str]:
    if layer not in LAYERS:
        raise UnknownName("layer", layer, LAYERS)
    known = tables_of(catalog, layer)
    everywhere = {name for each in LAYERS for name in tables_of(catalog, each)}
    for table in tables or ():
        if table not in everywhere:
            raise UnknownName("table", table, everywhere)
    return [name for name in known if tables is None or name in tables]


def _scope(part: Part | None) -> str:
    return "whole" if part is None else f"{len(part.values)} of its {part.column}s"


def _record(summary: ScanSummary, paths: Paths, targets: list[Target]) -> None:
    """One object a scan; and the version of each table that passed is the one its readers follow."""
    now = datetime.now(UTC)
    common = {
        "domain": summary.domain,
        "layer": summary.layer,
        "as_of": summary.as_of,
        "scanned_at": now.isoformat(),
    }
    rows = [
        {**common, **asdict(check), "version": summary.versions.get(check.table)} for check in summary.checks
    ]
    if rows:
        objects.put_json(f"{paths.scans}/{now:%Y%m%dT%H%M%S%f}_{summary.layer}.json", rows)
    unsound = {check.table for check in summary.failed}
    for target in targets:
        if target.table not in unsound and "" not in unsound:
            good = Published(target.version, target.rules, summary.as_of)
            publish(paths, summary.layer, target.table, good)
