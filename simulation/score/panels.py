"""What is replayed to score the alarms: a few worlds that nothing was tuned on, thinned so that they suffice.

Faults of hours want readings every few minutes of a few days; what takes days to show wants years, and can do with a
reading now and then of some senders of each group.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from headrace.alarms.rules import Rules
from headrace.contracts.model import Contract
from headrace.errors import UsageError
from simulation.generate.plan import Plan

START = datetime(2024, 1, 1)


@dataclass(frozen=True)
class Panel:
    """`kinds` are the alarms that it is to score; what was planted in the first `warm_up` days does not count."""

    name: str
    seed: int
    groups: int
    days: int
    stride: timedelta
    kinds: tuple[str, ...]
    per_group: int | None = None
    warm_up: int = 0

    @property
    def group_years(self) -> float:
        return self.groups * (self.days - self.warm_up) / 365

    def but(self, seed: int) -> "Panel":
        return replace(self, seed=seed)

    def plan(self, groups: Contract, source: str) -> Plan:
        return Plan(
            scale=self.groups / groups.num_rows,
            seed=self.seed,
            start=START,
            end=START + timedelta(days=self.days),
            stride=self.stride,
            tables=(source,),
        )


YEARS = Panel("years", 101, 30, 365, timedelta(hours=2), ("failing", "drift"), per_group=20, warm_up=10)
WEEKS = Panel("weeks", 103, 40, 12, timedelta(minutes=10), ("limit", "stuck", "silent"), warm_up=1)
PANELS = (YEARS, YEARS.but(102), WEEKS)
"""Nothing was tuned on these worlds; seed 1 is for that."""


def panels(seed: int | None = None) -> tuple[Panel, ...]:
    """The usual ones, or those of the worlds from this seed on."""
    if seed is None:
        return PANELS
    return tuple(panel.but(seed + place) for place, panel in enumerate(PANELS))


def group_table(rules: Rules, senders: Contract) -> str:
    """The source table of what the senders belong to."""
    named = senders.columns[rules.senders.group].references
    if not named:
        raise UsageError(
            f"{senders.table}.{rules.senders.group} refers to no table, so no panel can be sized by it"
        )
    return named.split(".")[0]
