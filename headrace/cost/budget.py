"""What a run may cost: refused before it starts, or stopped between two steps. Needs neither Spark nor the lake."""

from math import isfinite

from headrace.cost.bill import HOUR, Work, core_hours, dollars_an_hour
from headrace.cost.environments import CORES_A_NODE, Environment, environment
from headrace.errors import HeadraceError, UsageError
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
        raise HeadraceError(
            f"{work}: {rows:,.0f} rows take about {hours:,.1f} h of {place.name}, US$ {expected:,.2f}, and may cost "
            f"{dollars:,.2f}. Take a smaller scale or a shorter span, or allow more. headrace cost shows the parts."
        )


def stop_beyond(dollars: float, work: str, seconds: float, place: Environment) -> None:
    """Between two steps: by the hours that it has taken."""
    spent = seconds / HOUR * dollars_an_hour(place)
    if spent > dollars:
        raise HeadraceError(
            f"{work} was stopped: it has taken {seconds / HOUR:,.2f} h of {place.name}, US$ {spent:,.2f}, and may cost "
            f"{dollars:,.2f}. What was written is whole; allow more and run it again, it goes on from there."
        )
