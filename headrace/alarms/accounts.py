"""What a receipt says of alarms: the rows read are those of the followed table, and every event is there."""

from collections.abc import Iterator

from headrace.alarms.events import TABLE
from headrace.alarms.rules import Rules
from headrace.lake import ledger, log
from headrace.lake.paths import Paths
from headrace.refine.arrivals import Progress

Account = tuple[str, str, int, int, dict[str, int]]
"""The table, what is said, both sides and the terms of the right one."""


def accounts(rules: Rules | None, paths: Paths) -> Iterator[Account]:
    found = ledger.entries(paths, "silver", TABLE)
    if rules is None or not found:
        return
    name, totals = f"silver.{TABLE}", ledger.totals(found)
    terms = {term: totals.get(term, 0) for term in ("on_time", "late")}
    yield name, "rows in = what became of them", totals["rows_in"], sum(terms.values()), terms
    source = paths.table("silver", rules.source)
    read = Progress(**ledger.remembered(paths, "silver", TABLE)).version
    there = {f"silver.{rules.source}": log.row_count(source, at=read)}
    if waiting := log.row_count(source) - sum(there.values()):
        there["rows waiting"] = waiting
    taken = totals["rows_in"] - totals.get("rewritten", 0)
    yield name, "rows in = rows of silver taken", taken, sum(there.values()) - waiting, there
    stored = log.row_count(paths.table("silver", TABLE))
    yield (
        name,
        "rows stored = events recorded",
        stored,
        totals.get("events", 0),
        {"events": totals.get("events", 0)},
    )
