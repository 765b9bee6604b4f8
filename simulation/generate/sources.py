"""A domain's source modules, found by name and called by the names of their arguments.

A source is a function from senders and instants to arrays. It takes one of `rows` (`_index` of the sender, `_n` of the
row, `_at` in microseconds, and the columns that its contract can draw alone), `ticks` (readings of a clock, in seconds)
or `spans` (the time of which a sender is to tell all), and beside it the dimensions that it names and `world`.
"""

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from headrace.contracts.load import domain_folder
from headrace.contracts.model import Contract
from headrace.errors import UsageError

MADE_HERE = ("rows", "spans", "ticks", "world", "episodes")


@dataclass(frozen=True)
class Source:
    """`planted` of a hidden source names the columns by which its rows enter the truth; an alarm should come before the
    instant in `happens_at`. Without a `table` they are no faults, and only explain alarms.

    `excursions` tells of the `episodes` drawn for it the places of those in which the process leaves its limits
    (`chosen`), and their `side` and `severity`.
    """

    name: str
    rows: Callable[..., Any]
    takes: tuple[str, ...]
    is_hidden: bool
    planted: Mapping[str, str] | None
    excursions: Callable[..., Any] | None = None

    @property
    def others(self) -> tuple[str, ...]:
        return tuple(name for name in self.takes if name not in MADE_HERE)

    @property
    def takes_ticks(self) -> bool:
        return "ticks" in self.takes

    @property
    def takes_spans(self) -> bool:
        return "spans" in self.takes

    @property
    def takes_for_excursions(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.excursions).parameters) if self.excursions else ()

    def __call__(self, **given: Any) -> Any:
        return self.rows(**given)


@cache
def load_sources(domain: str) -> dict[str, Source]:
    folder = domain_folder(domain) / "sources"
    names = sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
    modules = {name: import_module(f"domains.{domain}.sources.{name}") for name in names}
    return {name: _source(name, module) for name, module in modules.items() if hasattr(module, name)}


def _source(name: str, module: ModuleType) -> Source:
    function = getattr(module, name)
    return Source(
        name=name,
        rows=function,
        takes=tuple(inspect.signature(function).parameters),
        is_hidden=getattr(module, "HIDDEN", False),
        planted=getattr(module, "PLANTED", None),
        excursions=getattr(module, "excursions", None),
    )


def check_sources(sources: Mapping[str, Source], tables: Mapping[str, Contract]) -> None:
    for contract in tables.values():
        lets_happen = contract.table in sources and sources[contract.table].excursions is not None
        if contract.faults.get("excursion") and not lets_happen:
            raise UsageError(
                f"{contract.table} plants excursions, but its source has no function `excursions`"
            )
    for source in sources.values():
        if not source.is_hidden and source.name not in tables:
            raise UsageError(f"source {source.name} has no contract; tables: {', '.join(sorted(tables))}")
        for other in source.others:
            if other not in tables and other not in sources:
                known = ", ".join(sorted({*tables, *sources, *MADE_HERE}))
                raise UsageError(f"source {source.name} takes {other!r}, which nobody makes; known: {known}")
