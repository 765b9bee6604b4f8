"""Which tables of a layer are due, which part of each, and their checks put to Soda."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.quality.checks import AS_OF, TableChecks, checks_of
from headrace.quality.published import Published, last_good
from headrace.quality.soda import run_soda
from headrace.quality.summary import CheckResult
from headrace.quality.views import Part, Views, new_rows_of, newest
from headrace.refine.catalog import Catalog


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


def target_of(catalog: Catalog, layer: str, name: str, paths: Paths, soda: Path) -> Target:
    checks = checks_of(catalog, layer, name, paths, soda)
    version = log.version(paths.table(layer, name))
    return Target(checks, version, last_good(paths, layer, name), checks.rules)


def due_of(target: Target, instant: datetime, *, force: bool) -> Target | None:
    """What is left to judge: all, nothing, or (when only as_of moved on) how old the rows are by now."""
    good = target.good
    if force or good is None or (good.version, good.rules) != (target.version, target.rules):
        return target
    if good.as_of == instant.isoformat():
        return None
    dated = target.checks.only_as_of()
    return replace(target, checks=dated) if dated.checks else None


def not_yet(target: Target, catalog: Catalog, layer: str, paths: Paths) -> CheckResult | None:
    """Why a table's checks cannot be put to it: it is not there, or empty as is what it is made from."""
    if target.version < 0 and layer == "bronze":
        return CheckResult(target.table, "the table is there", "warn", "nothing has arrived yet")
    if target.version < 0:
        return CheckResult(
            target.table, "the table is there", "fail", "it was never written", code="never_written"
        )
    if layer == "bronze" or log.row_count(paths.table(layer, target.table)):
        return None
    above = catalog.above(layer, target.table)
    makers = above[:1] if layer == "silver" else above
    for ref in makers:
        if not log.row_count(paths.table(ref.layer, ref.name)):
            return CheckResult(target.table, "the table has rows", "warn", f"{ref} has none yet")
    return None


def parts_of(
    spark: SparkSession, catalog: Catalog, layer: str, targets: Sequence[Target], paths: Paths
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


def judge(
    spark: SparkSession,
    views: Views,
    targets: Sequence[Target],
    parts: dict[str, Part],
    instant: datetime,
) -> list[CheckResult]:
    """One Soda scan for all tables; where some are large, one for these and one for the rest."""
    small = [target for target in targets if views.are_small(target.checks.sodacl)]
    large = [target for target in targets if target not in small]
    given = {AS_OF: f"{instant:%Y-%m-%d %H:%M:%S}"}
    results: list[CheckResult] = []
    for group in filter(None, (small, large)):
        asked = [_aimed(target.checks, parts) for target in group]
        with views.registered(spark, "\n".join(checks.sodacl for checks in asked), parts) as session:
            results += run_soda(session, asked, given)
    return results


def _aimed(checks: TableChecks, parts: dict[str, Part]) -> TableChecks:
    return replace(checks, view=new_rows_of(checks.view)) if checks.view in parts else checks
