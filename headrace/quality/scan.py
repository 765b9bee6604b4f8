"""Scans a layer: puts the checks of all its tables that have something new to Soda, in as few queries as possible.

A table is scanned when its version or its checks have changed since the last scan that it passed, and then only in
the partitions written since. Where nothing but as_of has moved on, only the checks that depend on it are run.

Readers follow the version that passed last. A table that failed is restored to it where its way of writing allows it;
one that a stream feeds never is, since the stream would not send the lost rows again.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable
from pyspark.sql import SparkSession

from headrace.lake import log, objects
from headrace.lake.lease import leased
from headrace.lake.ledger import Published, last_good, publish
from headrace.lake.paths import Paths
from headrace.lake.session import get_spark
from headrace.progress import Event, Stopwatch, tell
from headrace.quality.checks import HASH_HINT, TableChecks, checks_of, hash_hint
from headrace.quality.gate import CheckResult, ScanSummary
from headrace.quality.soda import run_soda
from headrace.quality.views import NEW, Part, Views
from headrace.refine.catalog import Catalog, load_tables
from headrace.refine.run import instant_of_data
from headrace.settings import Settings, get_settings
from headrace.writes.node import AS_OF
from headrace.writes.way import way_of


@dataclass(frozen=True)
class Target:
    """One table to scan: the checks to run, its version, and the version that passed last."""

    checks: TableChecks
    version: int
    good: Published | None

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
    """Scans what is new since each table's last passed scan; whether the run goes on is for `gate` to decide."""
    watch, settings, catalog = Stopwatch(), settings or get_settings(), load_tables(domain)
    paths = Paths.of(domain, settings)
    names = catalog.chosen([layer], tables)[layer]
    instant = as_of or instant_of_data(catalog, paths)
    tell(Event("scan", layer, "started"))
    targets = [
        Target(checks_of(catalog, layer, name, paths), log.version(paths.table(layer, name)),
               last_good(paths, layer, name))
        for name in names
    ]  # fmt: skip
    due = [todo for target in targets if (todo := _due(target, instant, force=force)) is not None]
    not_there = {target.table: why for target in due if (why := _not_there(target, catalog, layer, paths))}
    there = [target for target in due if target.table not in not_there]
    checks, parts = list(not_there.values()), {} if force else _parts(catalog, layer, there, paths)
    if there:
        checks += _judged(get_spark(settings), Views(catalog, paths, layer), there, parts, instant)
    summary = ScanSummary(
        domain=domain,
        layer=layer,
        as_of=instant.isoformat(),
        checks=checks,
        skipped=sorted(set(names) - {target.table for target in due}),
        versions={target.table: target.version for target in due if target.version >= 0},
        scopes={target.table: str(parts.get(target.checks.view, "whole")) for target in there},
        seconds=watch.seconds,
    )
    _record(summary, paths, [target for target in due if target.version >= 0])
    state: Literal["failed", "done"] = "failed" if summary.failed else "done"
    tell(Event("scan", layer, state, rows=len(checks), seconds=watch.seconds))
    return summary


@dataclass(frozen=True)
class Restored:
    table: str
    good_version: int
    failed_version: int


def restore_failed(summary: ScanSummary, settings: Settings) -> list[Restored]:
    """Restores failed tables to the version that passed last, where there is one."""
    restored: list[Restored] = []
    paths, layer = Paths.of(summary.domain, settings), summary.layer
    for table in summary.failed_tables if layer != "bronze" else ():
        good, failed = last_good(paths, layer, table), summary.versions.get(table)
        if good is None or failed is None or good.version >= failed:
            continue
        if not way_of(load_tables(summary.domain).node(table, layer).table.write).restorable:
            continue
        lease, job = paths.lease(layer, table), f"restore {summary.domain} {layer} {table}"
        with leased([lease], job=job, seconds=settings.lease_seconds):
            path = paths.table(layer, table)
            get_spark(settings).sql(f"restore table delta.`{path}` to version as of {good.version}")
            publish(paths, layer, table, replace(good, version=log.version(path)))
        restored.append(Restored(table, good.version, failed))
    return restored


def _due(target: Target, instant: datetime, *, force: bool) -> Target | None:
    """The target with the checks to run: all, none, or (when only as_of has moved on) those that depend on it."""
    good = target.good
    if force or good is None or (good.version, good.rules) != (target.version, target.checks.rules):
        return target
    if good.as_of == instant.isoformat():
        return None
    dated = target.checks.only_as_of()
    return replace(target, checks=dated) if dated.checks else None


def _not_there(target: Target, catalog: Catalog, layer: str, paths: Paths) -> CheckResult | None:
    """The result of a table that cannot be scanned: it does not exist, or is empty as its upstream is."""
    table = target.table
    if target.version < 0 and layer == "bronze":
        return CheckResult(table, "the table is there", "warn", "nothing has arrived yet")
    if target.version < 0:
        return CheckResult(table, "the table is there", "fail", "it was never written", code="never_written")
    if layer == "bronze" or log.row_count(paths.table(layer, table)):
        return None
    above = catalog.above(layer, table)
    for ref in above[:1] if layer == "silver" else above:
        if not log.row_count(paths.table(ref.layer, ref.name)):
            return CheckResult(table, "the table has rows", "warn", f"{ref} has none yet")
    return None


def _parts(catalog: Catalog, layer: str, targets: Sequence[Target], paths: Paths) -> dict[str, Part]:
    """The partitions written since each table's last passed scan, and the newest one; none where all is new."""
    parts = {}
    for target in targets:
        column = None if layer == "bronze" else catalog.node(target.table, layer).table.partition
        if column is None or target.good is None or target.good.rules != target.checks.rules:
            continue
        path = paths.table(layer, target.table)
        commits = log.commits_after(path, target.good.version)
        if commits is not None:
            written = {value for commit in commits for value in commit.partitions(column)}
            files = pa.table(DeltaTable(path).get_add_actions(flatten=True))
            newest = pc.max(files.column(f"partition.{column}")).as_py()
            written.add(None if newest is None else str(newest))
            parts[target.checks.view] = Part(column, frozenset(written))
    return parts


def _judged(
    spark: SparkSession, views: Views, targets: Sequence[Target], parts: dict[str, Part], instant: datetime
) -> list[CheckResult]:
    """One Soda scan for all tables; where some are large, one for these and one for the rest."""
    small = [target for target in targets if views.are_small(target.checks.sodacl)]
    large = [target for target in targets if target not in small]
    results: list[CheckResult] = []
    for group in filter(None, (small, large)):
        checks = [
            replace(each.checks, view=f"{each.checks.view}{NEW}")
            if each.checks.view in parts
            else each.checks
            for each in group
        ]
        sodacl = "\n".join(each.sodacl for each in checks)
        variables = {
            AS_OF: f"{instant:%Y-%m-%d %H:%M:%S}",
            HASH_HINT: hash_hint(few_rows=group is small),
            **views.row_counts(sodacl),
        }
        with views.registered(spark, sodacl, parts) as session:
            results += run_soda(session, checks, variables)
    return results


def _record(summary: ScanSummary, paths: Paths, targets: list[Target]) -> None:
    """Writes one object for the scan, and publishes the version of each table that passed to its readers."""
    now = datetime.now(UTC)
    common = {
        "domain": summary.domain,
        "layer": summary.layer,
        "as_of": summary.as_of,
        "scanned_at": now.isoformat(),
    }
    rows = [
        common | asdict(check) | {"version": summary.versions.get(check.table)} for check in summary.checks
    ]
    if rows:
        objects.put_json(f"{paths.scans}/{now:%Y%m%dT%H%M%S%f}_{summary.layer}.json", rows)
    unsound = {check.table for check in summary.failed}
    for target in targets:
        if target.table not in unsound and "" not in unsound:
            good = Published(target.version, target.checks.rules, summary.as_of)
            publish(paths, summary.layer, target.table, good)
