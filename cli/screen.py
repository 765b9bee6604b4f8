"""What every command's output has in common. Answers go to stdout, everything else to stderr."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, is_dataclass
from typing import Any

from rich.console import Console, ConsoleDimensions

from cli.grid import Grid

UNBOUNDED = 1_000_000


class Screen(Console):
    """Standard output or error. Only a terminal has a width: nothing is wrapped or cut for a pipe or a file."""

    @property
    def size(self) -> ConsoleDimensions:
        return super().size if self.is_terminal else ConsoleDimensions(UNBOUNDED, 25)


out = Screen(highlight=False)
err = Screen(stderr=True, highlight=False)

MARKS = {
    "ok": "[green]ok[/]",
    "pass": "[green]pass[/]",
    "warn": "[yellow]warn[/]",
    "warning": "[yellow]warning[/]",
    "fail": "[red]fail[/]",
    "problem": "[red]problem[/]",
}


OUTCOMES = {"pass": "passed", "warn": "warned", "fail": "failed"}


def print_json(value: Any) -> None:
    print(json.dumps(plain(value), indent=2, default=str))


def plain(value: Any) -> Any:
    """Dataclasses and their kin as what JSON knows."""
    if is_dataclass(value) and not isinstance(value, type):
        return plain(asdict(value))
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set):
        return [plain(each) for each in value]
    return value


def table(
    headings: Sequence[str], rows: Iterable[Sequence[Any]], title: str | None = None, *, grouped: bool = False
) -> Grid:
    """A heading that begins with '>' is right-aligned, as numbers are."""
    return Grid(headings, rows, title, grouped=grouped)


def count(number: float | None) -> str:
    return "" if number is None else f"{number:,.0f}"


def size(number: float | None) -> str:
    if number is None:
        return ""
    for unit in ("B", "kB", "MB", "GB"):
        if abs(number) < 1000:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def seconds(number: float | None) -> str:
    if number is None:
        return ""
    if number < 60:
        return f"{number:.1f} s"
    return f"{number // 60:.0f} min {number % 60:02.0f} s"


def about(number: float) -> str:
    """Seconds that are expected, no more exactly than they can be."""
    if number < 10:
        return f"about {max(round(number), 1)} s"
    if number < 55:
        return f"about {5 * round(number / 5)} s"
    halves = round(number / 30)
    return f"about {halves // 2}{'½' if halves % 2 else ''} min" if halves > 2 else "about a minute"


def percent(part: float, whole: float) -> str:
    return f"{100 * part / whole:.1f} %" if whole else ""
