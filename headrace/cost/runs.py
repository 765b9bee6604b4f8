"""What a domain's runs cost: refused or stopped where it may not be spent, and the bills of what is planned or done."""

from datetime import datetime, timedelta
from math import isfinite

from headrace.contracts.load import load_contracts
from headrace.cost.bill import HOUR, Bill, Work, core_hours, dollars_an_hour, estimated, measured, within
from headrace.cost.environments import CORES_A_NODE, Environment, environment
from headrace.errors import OverBudget, UsageError
from headrace.lake import ledger
from headrace.lake.paths import Paths
from headrace.lake.size import sizes
from headrace.settings import Settings


def place_of(settings: Settings) -> Environment:
    """headrace-prod is prod; where no environment is named, the small one's prices hold."""
    place = environment(settings.environment.rpartition("-")[2] or "dev")
    return place.serverless(["compute"] if settings.emr_kind == "serverless" else [])


def check_dollars(dollars: float, work: str) -> None:
    if not (isfinite(dollars) and dollars > 0):
        raise UsageError(f"{work}: what it may cost is an amount above 0, not {dollars}")


def refuse_beyond(dollars: float, work: str, rows: float, place: Environment) -> None:
    """Before rows are made: by what making and refining them takes on the environment at its most."""
    check_dollars(dollars, work)
    hours = core_hours(Work(rows, 1)) / (place.most_nodes * CORES_A_NODE)
    expected = hours * dollars_an_hour(place)
    if expected > dollars:
        raise OverBudget(
            f"{work}: {rows:,.0f} rows take about {hours:,.1f} h of {place.name}, US$ {expected:,.2f}, and may cost "
            f"{dollars:,.2f}. Take a smaller scale or a shorter span, or allow more. headrace cost shows the parts."
        )


def stop_beyond(dollars: float, work: str, seconds: float, place: Environment) -> None:
    """Between two steps: by the hours that it has taken."""
    spent = seconds / HOUR * dollars_an_hour(place)
    if spent > dollars:
        raise OverBudget(
            f"{work} was stopped: it has taken {seconds / HOUR:,.2f} h of {place.name}, US$ {spent:,.2f}, and may cost "
            f"{dollars:,.2f}. What was written is whole; allow more and run it again, it goes on from there."
        )


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
