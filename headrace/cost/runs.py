"""Bills of what a domain is about to do, or has done."""

from datetime import datetime, timedelta

from headrace.contracts.load import load_contracts
from headrace.cost.bill import HOUR, Bill, Work, estimated, measured, within
from headrace.cost.environments import Environment
from headrace.errors import UsageError
from headrace.lake import ledger
from headrace.lake.paths import Paths
from headrace.operate.size import sizes
from headrace.settings import Settings

MOST_SCALE = 10_000


def bill_of_plan(
    domain: str, place: Environment, *, scale: float, hours: float, readings_per_second: float
) -> Bill:
    """scale: of what the sources state, once all of it."""
    within("--scale", scale, 0, MOST_SCALE)
    rows = rows_at(domain, scale) if scale else 0
    return estimated(Work(rows, hours, readings_per_second), place)


def rows_at(domain: str, scale: float) -> int:
    """Of all source tables, as the contracts state them."""
    return sum(contract.rows_at(scale) for contract in load_contracts(domain).values())


def bill_of_lake(domain: str, place: Environment, settings: Settings) -> Bill:
    entries = list(ledger.all_entries(Paths.of(domain, settings)))
    if not entries:
        raise UsageError(f"nothing of {domain} was done in {settings.lake} yet: run headrace refine")
    spans = [_span(entry) for entry in entries]
    rows = sum(entry.rows_in for entry in entries if entry.layer == "bronze")
    held = sum(each.bytes for each in sizes(domain, settings))
    seconds = _covered(spans)
    return measured(rows, seconds, held, place, seconds / HOUR)


def _span(entry: ledger.Entry) -> tuple[datetime, datetime]:
    end = datetime.fromisoformat(entry.finished_at)
    return end - timedelta(seconds=entry.seconds), end


def _covered(spans: list[tuple[datetime, datetime]]) -> float:
    """Seconds in which something was done; what went on side by side counts once."""
    seconds, until = 0.0, min(begin for begin, _ in spans)
    for begin, end in sorted(spans):
        seconds += max((end - max(begin, until)).total_seconds(), 0.0)
        until = max(until, end)
    return seconds
