"""Measured figures as a page."""

from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.machine import machine, versions

PAGE = Path("docs/benchmarks.md")
BEGIN = """# How fast, how much

Written by `make bench`; one figure: `make bench only=generate`. Medians of the runs, with the least and the most
where there was more than one. Beside each stands what the same work costs with a sink that throws rows away, and
in DuckDB over the same files, measured in the same run.

"""


@dataclass(frozen=True)
class Row:
    what: str
    target: str
    measured: str
    met: bool | None
    """None where nothing was asked for."""
    noop: str = ""
    duckdb: str = ""
    command: str = ""

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def spread(values: list[float], unit: str, digits: int = 0) -> str:
    middle = f"{median(values):,.{digits}f} {unit}"
    if len(values) == 1:
        return middle
    return f"{middle} ({min(values):,.{digits}f} to {max(values):,.{digits}f}, {len(values)} runs)"


def today() -> str:
    return datetime.now(UTC).date().isoformat()


def write(known: dict[str, Any]) -> None:
    lines = [BEGIN, f"Machine: {machine()}. {versions()}.\n", "", HEAD, RULE]
    for name, found in known.items():
        for row in found["rows"]:
            mark = MARKS[row["met"]]
            cells = [row["what"], row["target"], row["measured"], mark, row["noop"], row["duckdb"]]
            lines.append(f"| {' | '.join(cells)} | `make bench only={name}`, {found['measured_at']} |")
    PAGE.write_text("\n".join(lines) + "\n")


MARKS = {True: "yes", False: "**no**", None: ""}
HEAD = "| what | at least | measured | met | sink that throws away | DuckDB | command, day |"
RULE = "|---|---|---|---|---|---|---|"
