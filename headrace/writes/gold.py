"""Whole and Replace: a gold table is made again, all of it or those partitions in which a followed table changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from headrace.contracts.model import Contract
from headrace.errors import UsageError
from headrace.lake import log
from headrace.lake.delta_rs import live_files
from headrace.lake.paths import Paths
from headrace.tables import Replace, Whole
from headrace.writes.node import AS_OF, Node
from headrace.writes.way import GoldWay


class WholeWay(GoldWay[Whole]):
    @property
    def sentence(self) -> str:
        return "made again when anything upstream changed"


class ReplaceWay(GoldWay[Replace]):
    @property
    def sentence(self) -> str:
        return "partitions whose upstream changed are made again"

    @property
    def follows(self) -> Mapping[str, str]:
        return self.declared.follows

    def check(self, node: Node, contract: Contract | None) -> None:
        if node.table.partition is None:
            raise UsageError(f"{node.ref}: Replace needs the partition it replaces")
        strangers = set(self.follows) - set(node.upstream)
        if strangers:
            raise UsageError(f"{node.ref}: follows {sorted(strangers)}, not among its arguments")
        strangers = set(self.declared.looks_back) - set(self.follows)
        if strangers:
            raise UsageError(f"{node.ref}: looks back at {sorted(strangers)}, which it does not follow")
        strangers = set(self.declared.since) - (set(node.upstream) - set(self.follows))
        if strangers:
            raise UsageError(f"{node.ref}: since names {sorted(strangers)}, not among its other arguments")
        if AS_OF in node.arguments:
            raise UsageError(
                f"{node.ref}: takes {AS_OF}, and by Replace the partitions in which nothing changed would keep that of "
                "an earlier run: declare write=Whole()"
            )

    def touched(
        self, node: Node, paths: Paths, before: Mapping[str, Any] | None, made_from: Mapping[str, Any]
    ) -> list[str] | None:
        if before is None or before["code"] != made_from["code"]:
            return None
        values: set[str] = set()
        for name, column in (*self.follows.items(), *self.declared.since.items()):
            table = paths.table(node.upstream[name].layer, node.upstream[name].name)
            days = changed_days(table, column, after=before["upstream"][name])
            if days is None:
                return None
            if name in self.declared.since:
                values |= {day for day in self._days_there(node, paths) if days and day >= days[0]}
                continue
            looks_back = self.declared.looks_back.get(name, 0)
            values |= with_days(days, ahead=looks_back)
            if looks_back and days:
                values |= empty_days_before(days, days_in(table), most=looks_back)
        return sorted(values)

    def _days_there(self, node: Node, paths: Paths) -> set[str]:
        """The days of all followed tables."""
        followed = (node.upstream[name] for name in self.follows)
        return set().union(*(days_in(paths.table(ref.layer, ref.name)) for ref in followed))

    def days_needed(self, name: str, touched: Sequence[str]) -> list[str]:
        return sorted(with_days(touched, ahead=-self.declared.looks_back.get(name, 0)))

    def remade(self, node: Node, commit: log.Commit) -> int:
        return len(commit.partitions(node.table.partition)) if node.table.partition else 0


def changed_days(table: str, column: str, *, after: int) -> list[str] | None:
    """The values of a partition column in which rows came or went after a version, in order; None where the log no
    longer tells."""
    changed = log.changed_partitions(table, column, after)
    return None if changed is None else sorted(day for day in changed if day is not None)


def days_in(table: str) -> set[str]:
    """The values of a table's partition column."""
    there = {file.partition for file in live_files(table)} if log.exists(table) else set()
    return {day for day in there if day is not None and day != log.DEFAULT_PARTITION}


def empty_days_before(days: Iterable[str], there: Collection[str | None], *, most: int) -> set[str]:
    """The days right before each of which nothing came: whoever looks back may have something to say of them, and
    could not as long as no later day was there."""
    found: set[str] = set()
    for day in days:
        for each in range(1, most + 1):
            before = str(date.fromisoformat(day) - timedelta(days=each))
            if before in there:
                break
            found.add(before)
    return found


def with_days(days: Iterable[str], *, ahead: int) -> set[str]:
    """With so many days after each; before each, where `ahead` is negative."""
    reach = range(min(ahead, 0), max(ahead, 0) + 1)
    if not ahead:
        return set(days)
    return {str(date.fromisoformat(day) + timedelta(days=each)) for day in days for each in reach}
