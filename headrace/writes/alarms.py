"""Alarms: the states of alarms, folded from what the followed table says.

rows in = on time + late, and the rows stored are the events. What operators did is folded in between.
"""

from collections.abc import Iterator, Mapping, Sequence

from pyspark.sql import types as T
from pyspark.sql.pandas.types import from_arrow_schema

from headrace.alarms.actions import Folder
from headrace.alarms.events import DESCRIPTIONS, SCHEMA, TABLE
from headrace.alarms.fold import AlarmFold, Turn
from headrace.alarms.rules import Rules, load_rules
from headrace.alarms.store import oldest_needed
from headrace.errors import UnknownName, UsageError
from headrace.lake import ledger, log
from headrace.lake.increments import Progress
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.lake.paths import Paths
from headrace.tables import Alarms
from headrace.writes.node import Node
from headrace.writes.way import Way, way_of

ReceiptLine = tuple[str, str, int, int, dict[str, int]]
"""The table, what a line proves, both sides of the equation and the terms of the right one."""


class AlarmsWay(Way[Alarms]):
    """Follows another silver table, version by version."""

    layers = ("silver",)
    source_layer = "silver"
    terms = ("on_time", "late")
    stored = ("events",)
    columns = tuple(
        T.StructField(field.name, field.dataType, metadata={"comment": DESCRIPTIONS[field.name]})
        for field in from_arrow_schema(SCHEMA)
    )

    @property
    def sentence(self) -> str:
        return f"events of alarms, by the rules of `{self.declared.rules}`"

    def made_from(self, domain: str) -> tuple[str, ...]:
        rules = self.rules(domain)
        return (rules.source, rules.senders.table)

    def rules(self, domain: str) -> Rules:
        rules = load_rules(domain, self.declared.rules)
        if rules is None:
            raise UsageError(
                f"{domain} declares alarms by {self.declared.rules}, and its folder has no such file"
            )
        return rules

    def check(self, node: Node, contract: object) -> None:
        if node.name != TABLE:
            raise UsageError(f"{node.ref}: the table of a domain's alarms is named {TABLE}")

    def check_upstream(self, node: Node, columns: Mapping[str, Sequence[str]]) -> None:
        domain = node.module.split(".")[1]
        for table, named in self.rules(domain).columns_named().items():
            for column in named:
                if column not in columns.get(table, ()):
                    where = f"column of {table} (in the {self.declared.rules} of {domain})"
                    raise UnknownName(where, column, columns.get(table, ()))

    def waits(self, node: Node, paths: Paths) -> bool:
        """Whether the followed table has a version that was not read, or an operator did something."""
        read = ledger.remembered(paths, "silver", TABLE)
        newest = log.version(paths.table("silver", node.first.name))
        return newest > (Progress(**read).version if read else -1) or bool(Folder(paths).receive())

    def follow(self, node: Node, context: RunContext) -> list[Entry]:
        """Takes all there is by now."""
        if not self.waits(node, context.paths):
            return []
        fold = AlarmFold(self.rules(context.paths.domain), context)
        return [*fold.catch_up(), *fold.close()]

    def oldest_needed(self, node: Node, paths: Paths, table: str) -> int | None:
        """The newest version of a table (the followed one, or its own) whose log a restart can do without: one makes
        again what came since the last snapshot, and before the first one, all since the beginning. None where it needs
        no log of that table."""
        read = ledger.remembered(paths, "silver", TABLE)
        if not read or table not in (node.first.name, TABLE):
            return None
        saved = oldest_needed(paths, table)
        if saved is not None:
            return saved
        return -1 if table == TABLE else Progress(**read).began - 1

    def receipt_lines(self, node: Node, paths: Paths) -> Iterator[ReceiptLine]:
        """The rows read are those of the followed table, and every event is there. A job that was killed between a
        commit and its entry in the ledger leaves one commit that is under way: the next run writes the entry."""
        path, followed = paths.table("silver", TABLE), paths.table("silver", node.first.name)
        newest = log.last_commit_of(path, f"{paths.domain}.silver.{TABLE}")
        if newest is None:
            return
        turn, totals = Turn.of(newest.note), ledger.totals(ledger.entries(paths, "silver", TABLE))
        sources = [ref.name for ref in node.upstream.values()]
        entry = turn.entry(newest.version, newest.note, *sources)
        is_recorded = ledger.is_recorded(paths, entry)
        name, terms = f"silver.{TABLE}", {term: totals.get(term, 0) for term in self.terms}
        yield name, "rows in = what became of them", totals["rows_in"], sum(terms.values()), terms
        read = turn.last if is_recorded else turn.first - 1
        taken = log.row_count(followed, at=read) if read >= int(newest.note["began"]) else 0
        waiting = log.row_count(followed) - taken
        rows = {str(node.first): taken} | ({"rows waiting": waiting} if waiting else {})
        of_silver = totals["rows_in"] - totals.get("rewritten", 0)
        yield name, "rows in = rows of silver taken", of_silver, taken, rows
        events = {"events": totals.get("events", 0)}
        events |= {} if is_recorded else {"of a batch under way": int(newest.note["events"])}
        yield name, "rows stored = events recorded", log.row_count(path), sum(events.values()), events


def follower_of(node: Node) -> AlarmsWay:
    way = way_of(node.table.write)
    assert isinstance(way, AlarmsWay), f"{node.ref} follows no silver table"
    return way
