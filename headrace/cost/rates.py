"""The table of prices, and how fast a core works as it was measured."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from headrace.errors import UnknownName

PRICES = Path(__file__).with_name("prices.yml")


@dataclass(frozen=True)
class Prices:
    dated: date
    region: str
    hours_a_month: float
    dollars: dict[str, float]

    def of(self, what: str) -> float:
        if what not in self.dollars:
            raise UnknownName(f"price (in {PRICES.name})", what, self.dollars)
        return self.dollars[what]

    def month_of(self, what: str, hours: float) -> float:
        """The share of a month's price."""
        return self.of(what) * hours / self.hours_a_month


@cache
def prices() -> Prices:
    told: dict[str, Any] = yaml.safe_load(PRICES.read_text())
    dollars = {name: float(each["dollars"]) for name, each in told["prices"].items()}
    return Prices(told["dated"], told["region"], float(told["hours_a_month"]), dollars)


SPEEDS = Path(__file__).with_name("speeds.yml")


@dataclass(frozen=True)
class Speeds:
    measured: date
    generate: dict[str, float]
    refine: dict[str, float]
    stream: dict[str, float]
    bytes_a_row: dict[str, float]
    left_on_a_cluster: float
    requests: dict[str, float]

    def core_seconds(self, work: dict[str, float], rows: float) -> float:
        return rows / work["rows_a_second_and_core"]

    def cores_for(self, readings_per_second: float) -> float:
        return readings_per_second / self.stream["rows_a_second_and_core"] / self.left_on_a_cluster


@cache
def speeds() -> Speeds:
    told: dict[str, Any] = yaml.safe_load(SPEEDS.read_text())
    return Speeds(**told)
