"""What a domain declares a model of failures with. Its module is `domains/<domain>/models/<name>.py`: MODEL, and two
functions whose arguments are silver and gold tables, as frames of pandas with the columns that MODEL names.

`ends(<tables>)`: when machines were taken off for what they had, as people know it: columns `entity`, `at`, `failed`
(else it was stopped before it failed, and nobody knows when it would have) and `kind`, which groups the report.
`alarms(<tables>)`: what is raised without a model: columns `entity`, `at`, and `severity`, the higher the worse.
"""

import importlib
import importlib.util
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from headrace.errors import UnknownName, UsageError


@dataclass(frozen=True, kw_only=True)
class FailureModel:
    """features: a gold table with a row for each machine and instant. takes: of each table that `ends` and `alarms`
    name, its columns. horizons, cap: in hours. every: hours from one row to the next that is learned from.

    lands_in: the source table whose files are trained models. budget: alarms for each machine and day that people have
    time for.
    """

    features: str
    entity: str
    time: str
    columns: tuple[str, ...]
    takes: Mapping[str, tuple[str, ...]]
    horizons: tuple[float, ...] = (24, 48, 168)
    cap: float = 336
    every: float = 12
    lands_in: str
    budget: float = 0.01


@dataclass(frozen=True)
class Declared:
    """A model of a domain with its functions."""

    domain: str
    name: str
    model: FailureModel
    ends: Callable[..., pd.DataFrame]
    alarms: Callable[..., pd.DataFrame]

    def tables(self, function: str) -> tuple[str, ...]:
        return tuple(inspect.signature(getattr(self, function)).parameters)

    def frames(self, function: str, read: Callable[[str, tuple[str, ...]], pd.DataFrame]) -> pd.DataFrame:
        """What a function makes of its tables."""
        found: pd.DataFrame = getattr(self, function)(
            **{name: read(name, self.model.takes[name]) for name in self.tables(function)}
        )
        return found


def models_of(domain: str) -> dict[str, Declared]:
    """By name; none where the domain has no folder of models."""
    package = f"domains.{domain}.models"
    if importlib.util.find_spec(package) is None:
        return {}
    home = importlib.import_module(package)
    names = sorted(each.name for each in pkgutil.iter_modules(home.__path__))
    modules = {name: importlib.import_module(f"{package}.{name}") for name in names}
    return {
        name: _declared(domain, name, module) for name, module in modules.items() if hasattr(module, "MODEL")
    }


def model_of(domain: str, name: str | None = None) -> Declared:
    known = models_of(domain)
    if not known:
        raise UsageError(f"{domain} declares no model; one is a module in domains/{domain}/models")
    if name is None and len(known) == 1:
        return next(iter(known.values()))
    if name not in known:
        raise UnknownName(f"model of {domain}", name or "", known)
    return known[name]


def _declared(domain: str, name: str, module: Any) -> Declared:
    missing = [each for each in ("ends", "alarms") if not hasattr(module, each)]
    if missing:
        raise UsageError(f"{module.__name__} declares MODEL but has no function named {missing[0]}")
    return Declared(domain, name, module.MODEL, module.ends, module.alarms)
