"""What to generate: a scale, a seed, a span of time. Named plans are in each domain's profiles.yml."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any, Literal, get_args

import yaml

from headrace.contracts.load import domain_folder
from headrace.contracts.model import Contract, parse_span
from headrace.errors import UnknownName, UsageError
from simulation.random_draws import World

Into = Literal["landing", "bronze", "topic"]
LARGEST_SCALE = 100


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`stride` thins tables whose senders have intervals of their own. `tables` and `senders` limit what is written.
    Rows into a topic wait in its outbox for a producer."""

    scale: float
    start: datetime
    end: datetime
    seed: int = 7
    stride: timedelta | None = None
    into: Into = "landing"
    tables: tuple[str, ...] | None = None
    senders: int | None = None

    def __post_init__(self) -> None:
        if not 0 < self.scale <= LARGEST_SCALE:
            raise UsageError(f"scale must be above 0 and at most {LARGEST_SCALE}, not {self.scale}")
        if self.end <= self.start:
            raise UsageError(f"the span is empty: it begins {self.start} and ends {self.end}")
        if self.stride is not None and self.stride < timedelta(seconds=1):
            raise UsageError(f"a stride is at least a second, not {self.stride}")
        if self.into not in get_args(Into):
            raise UsageError(f"rows go into landing or bronze, not {self.into!r}")

    def but(self, **changes: Any) -> "Plan":
        """The plan with every value that is not None changed."""
        return replace(self, **{name: value for name, value in changes.items() if value is not None})

    def wanted(self, contracts: Mapping[str, Contract]) -> tuple[str, ...]:
        for table in self.tables or ():
            if table not in contracts:
                raise UnknownName("source table", table, contracts)
            if contracts[table].arrives.reader is not None:
                raise UsageError(f"{table} comes as files of a format of its own, which nobody simulates")
        return self.tables or tuple(name for name, each in contracts.items() if each.arrives.reader is None)


def world_of(plan: Plan, contracts: Mapping[str, Contract]) -> World:
    counts = {
        name: found.rows_at(plan.scale) for name, found in contracts.items() if found.type == "dimension"
    }
    return World(seed=plan.seed, start=plan.start, end=plan.end, counts=counts, stride=plan.stride)


def load_profiles(domain: str) -> dict[str, Plan]:
    """The domain's named plans, or the usual ones where it names none."""
    file = domain_folder(domain) / "profiles.yml"
    profiles = yaml.safe_load(file.read_text()) if file.exists() else USUAL
    return {name: _plan(f"{domain} profile {name}", config) for name, config in profiles.items()}


def load_profile(domain: str, name: str) -> Plan:
    known = load_profiles(domain)
    if name not in known:
        raise UnknownName(f"profile of {domain}", name, known)
    return known[name]


USUAL: dict[str, dict[str, Any]] = {
    "fast": {"scale": 0.001, "from": date(2024, 1, 1), "days": 2},
    "demo": {"scale": 0.005, "from": date(2024, 1, 1), "days": 14},
    "bench": {"scale": 0.01, "from": date(2024, 1, 1), "days": 40},
    "full": {"scale": 1, "from": date(2024, 1, 1), "days": 365},
}
ALLOWED = ("scale", "seed", "from", "days", "stride", "into")


def _plan(where: str, config: dict[str, Any]) -> Plan:
    unknown = sorted(set(config) - set(ALLOWED))
    if unknown:
        raise UsageError(f"{where}: unknown key {', '.join(unknown)}; allowed: {', '.join(ALLOWED)}")
    start = datetime.combine(config["from"], datetime.min.time())
    return Plan(
        scale=float(config["scale"]),
        seed=config.get("seed", 7),
        start=start,
        end=start + timedelta(days=config["days"]),
        stride=parse_span(config["stride"]) if "stride" in config else None,
        into=config.get("into", "landing"),
    )
