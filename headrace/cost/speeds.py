"""How fast a core works, as it was measured."""

from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_name("speeds.yml")


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
    told: dict[str, Any] = yaml.safe_load(FILE.read_text())
    return Speeds(**told)
