"""The table of prices."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from headrace.errors import UnknownName

FILE = Path(__file__).with_name("prices.yml")


@dataclass(frozen=True)
class Prices:
    dated: date
    region: str
    hours_a_month: float
    dollars: dict[str, float]

    def of(self, what: str) -> float:
        if what not in self.dollars:
            raise UnknownName(f"price (in {FILE.name})", what, self.dollars)
        return self.dollars[what]

    def month_of(self, what: str, hours: float) -> float:
        """The share of a month's price."""
        return self.of(what) * hours / self.hours_a_month


@cache
def prices() -> Prices:
    told: dict[str, Any] = yaml.safe_load(FILE.read_text())
    dollars = {name: float(each["dollars"]) for name, each in told["prices"].items()}
    return Prices(told["dated"], told["region"], float(told["hours_a_month"]), dollars)
