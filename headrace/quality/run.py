"""Scans a layer: one Soda scan for all its tables that have something new to judge."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from pyspark.sql import SparkSession

from headrace.errors import UnknownName
from headrace.lake import log, objects
from headrace.lake.paths import LAYERS, Paths
from headrace.lake.session import get_spark
from headrace.progress import Event, Stopwatch, tell
from headrace.quality.checks import AS_OF, TableChecks, checks_of, soda_folder, tables_of
from headrace.quality.published import Published, last_good, publish
from headrace.quality.soda import run_soda
from headrace.quality.summary import CheckResult, ScanSummary
from headrace.quality.views import Part, new_rows_of, newest, register
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.instants import latest_sent
from headrace.settings import Settings, get_settings


@dataclass(frozen=True)
class Target:
    """One table to judge: at which version, by which checks, whole or in part."""

    checks: TableChecks
    version: int
    good: Published | None
    rules: str

    @property
    def table(self) -> str:
        return self.checks.table


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
    instant = as_of or latest_sent(paths, catalog.contracts) or datetime.now(UTC).replace(tzinfo=None)
    tell(Event("scan", layer, "started"))
    targets = [_target(catalog, layer, name, paths, soda) for name in names]
    due = [todo for target in targets if (todo := _due(target, instant, force)) is not None]
    there = [target for target in due if target.version >= 0]
    parts: dict[str, Part] = {}
    checks = [_absent(target, layer) for target in due if target.version < 0]
    if there:
        spark = get_spark(settings).newSession()
        parts = {} if force else _parts(spark, catalog, layer, there, paths)
        checks += _judge(spark, catalog, layer, there, paths, parts, instant)
    summary = ScanSummary(
        domain=catalog.domain,
        layer=layer,
        as_of=instant.isoformat(),
        checks=checks,
        skipped=sorted(set(names) - {target.table for target in due}),
        versions={target.table: target.version for target in there},
        scopes={target.table: _scope(parts.get(target.checks.view)) for target in there},
        seconds=watch.seconds,
    )
    _record(summary, paths, there)
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


def _target(catalog: Catalog, layer: str, name: str, paths: Paths, soda: Path) -> Target:
    checks = checks_of(catalog, layer, name, paths, soda)
    version = log.version(paths.table(layer, name))
    return Target(checks, version, last_good(paths, layer, name), checks.rules)


def _due(target: Target, instant: datetime, force: bool) -> Target | None:
    """What is left to judge: all, nothing, or (when only as_of moved on) how old the rows are by now."""
    good = target.good
    if force or good is None or (good.version, good.rules) != (target.version, target.rules):
        return target
    if good.as_of == instant.isoformat():
        return None
    dated = target.checks.only_as_of()
    return Target(dated, target.version, good, target.rules) if dated.checks else None


def _parts(
    spark: SparkSession, catalog: Catalog, layer: str, targets: list[Target], paths: Paths
) -> dict[str, Part]:
    """The partitions written since each table's last passed scan, for those that have any."""
    parts = {}
    for target in targets:
        column = None if layer == "bronze" else catalog.node(target.table, layer).table.partition
        if column is None or target.good is None or target.good.rules != target.rules:
            continue
        path = paths.table(layer, target.table)
        commits = log.commits_after(path, target.good.version)
        if commits is not None:
            written = {value for commit in commits for value in commit.partitions(column)}
            parts[target.checks.view] = Part(column, frozenset(written | {newest(spark, path, column)}))
    return parts


def _judge(
    spark: SparkSession,
    catalog: Catalog,
    layer: str,
    targets: list[Target],
    paths: Paths,
    parts: dict[str, Part],
    instant: datetime,
) -> list[CheckResult]:
    text = "\n".join(target.checks.sodacl for target in targets)
    register(spark, catalog, paths, checks=text, layer=layer, parts=parts)
    given = {AS_OF: f"{instant:%Y-%m-%d %H:%M:%S}"}
    asked = [
        replace(target.checks, view=new_rows_of(target.checks.view))
        if target.checks.view in parts
        else target.checks
        for target in targets
    ]
    return run_soda(spark, asked, given)


def _absent(target: Target, layer: str) -> CheckResult:
    if layer == "bronze":
        return CheckResult(target.table, "the table is there", "warn", "nothing has arrived yet")
    return CheckResult(target.table, "the table is there", "fail", "it was never written")


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
