"""Which plan of Prefect Cloud a set of deployments needs: by how many there are, and by the busiest minute of their
schedules. What a run asks of Prefect's API was counted in the log of a server; all of it is laid to the minute in which
the run begins."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PLANS = Path(__file__).with_name("prefect_plans.yml")
FIRST_AND_MONDAY = datetime(2024, 1, 1)
"""A day on which daily, weekly and monthly schedules all fall due."""
RANGES = ((0, 59), (0, 23), (1, 31), (1, 12), (0, 6))


@dataclass(frozen=True)
class Plan:
    """requests, logs_and_events: in a minute. days: for which runs are kept. deployments: None where nobody knows."""

    name: str
    requests: int
    logs_and_events: int
    days: int
    deployments: int | None

    def allows(self, need: "Need") -> bool:
        return (
            need.requests <= self.requests
            and need.logs_and_events <= self.logs_and_events
            and (self.deployments is None or need.deployments <= self.deployments)
        )


@dataclass(frozen=True)
class Need:
    """requests, logs_and_events: in the busiest minute."""

    deployments: int
    automations: int
    runs_a_day: float
    requests: float
    logs_and_events: float


@dataclass(frozen=True)
class Measured:
    """What the worker asks in a minute without runs, and what a run adds in requests, logs and events."""

    idle: float
    requests_a_run: float
    logs_and_events_a_run: float


@cache
def plans() -> tuple[tuple[Plan, ...], Measured, date]:
    """The plans, the smallest first; what was measured; when the plans were read."""
    table: dict[str, Any] = yaml.safe_load(PLANS.read_text())
    listed = tuple(Plan(name, **limits) for name, limits in table["plans"].items())
    return listed, Measured(**table["measured"]), table["read"]


def need_of(deployments: Iterable[Mapping[str, Any]]) -> Need:
    """As prefect.yaml lists them."""
    listed, measured = list(deployments), plans()[1]
    crons = [each["cron"] for deployment in listed for each in deployment.get("schedules", [])]
    begins = Counter(minute for cron in crons for minute in starts(cron, days=7))
    most = max(begins.values(), default=0)
    return Need(
        deployments=len(listed),
        automations=sum(len(deployment.get("triggers", [])) for deployment in listed),
        runs_a_day=begins.total() / 7,
        requests=measured.idle + most * measured.requests_a_run,
        logs_and_events=most * measured.logs_and_events_a_run,
    )


def plan_for(need: Need) -> Plan | None:
    """The smallest that will do."""
    return next((plan for plan in plans()[0] if plan.allows(need)), None)


def starts(cron: str, *, days: int) -> Iterator[datetime]:
    """The minutes of so many days in which a schedule falls due."""
    minutes, hours, of_month, months, of_week = (
        _values(field, *bounds) for field, bounds in zip(cron.split(), RANGES, strict=True)
    )
    for day in range(days):
        at = FIRST_AND_MONDAY + timedelta(days=day)
        if at.day in of_month and at.month in months and at.isoweekday() % 7 in of_week:
            yield from (at + timedelta(hours=hour, minutes=minute) for hour in hours for minute in minutes)


def _values(field: str, first: int, last: int) -> list[int]:
    """Of a field such as *, */15, 5, 2-59/5 or 1,3."""
    found: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        begin, _, end = (f"{first}-{last}" if span == "*" else span).partition("-")
        found |= set(range(int(begin), int(end or begin) + 1, int(step or 1)))
    return sorted(found)
