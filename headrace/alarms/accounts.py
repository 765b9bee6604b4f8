"""What a receipt says of alarms: the rows read are those of the followed table, and every event is there.

A job that was killed between a commit and its entry in the ledger leaves one commit that is under way: whoever goes on
writes the entry.
"""

from collections.abc import Iterator

from headrace.alarms.edge import entry_of, turn_of
from headrace.alarms.events import TABLE
from headrace.alarms.rules import Rules
from headrace.lake import ledger, log
from headrace.lake.paths import Paths

Account = tuple[str, str, int, int, dict[str, int]]
"""The table, what is said, both sides and the terms of the right one."""


def accounts(rules: Rules | None, paths: Paths) -> Iterator[Account]:
    found, path = ledger.entries(paths, "silver", TABLE), paths.table("silver", TABLE)
    newest = log.last_commit_of(path, f"{paths.domain}.silver.{TABLE}") if log.exists(path) else None
    if rules is None or newest is None:
        return
    turn, under_way = turn_of(newest.note), 0
    read = turn.last
    if not ledger.is_recorded(paths, entry_of(rules, turn, newest.version, newest.note)):
        read, under_way = turn.first - 1, int(newest.note["events"])
    name, totals = f"silver.{TABLE}", ledger.totals(found)
    terms = {term: totals.get(term, 0) for term in ("on_time", "late")}
    yield name, "rows in = what became of them", totals["rows_in"], sum(terms.values()), terms
    source = paths.table("silver", rules.source)
    there = log.row_count(source, at=read) if read >= newest.note["began"] else 0
    waiting = log.row_count(source) - there
    rows = {f"silver.{rules.source}": there} | ({"rows waiting": waiting} if waiting else {})
    yield name, "rows in = rows of silver taken", totals["rows_in"] - totals.get("rewritten", 0), there, rows
    events = {"events": totals.get("events", 0)} | ({"of a batch under way": under_way} if under_way else {})
    yield name, "rows stored = events recorded", log.row_count(path), sum(events.values()), events
