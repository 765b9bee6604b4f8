"""The rows that a model learns from and is judged by: features of machines by instant, and the life that each lies in.

A life goes from one repair to the next. It ends in a failure, or in a stop before one, or with what is known; of the
last two nobody knows how long it would have lasted, and its rows are censored.
"""

import hashlib
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from headrace.models.labels import Labels, labels

Array = np.ndarray[Any, np.dtype[Any]]
HELD_PART = 3
"""One machine in so many is never learned from, by a digest of its name: the same ones in every training, so that
models are compared on machines that none of them ever saw."""


@dataclass(frozen=True)
class Lives:
    """Rows sorted by machine and time. `hours` since 1970. `ends_as`: the kind of the failure that a row waits for, ""
    where none is known."""

    machine: Array
    hours: Array
    life: Array
    features: pd.DataFrame
    labels: Labels
    ends_as: Array

    def __len__(self) -> int:
        return len(self.machine)

    def where(self, rows: Array) -> "Lives":
        """Of the places of some rows."""
        kept = {name: getattr(self, name)[rows] for name in ("machine", "hours", "life", "labels", "ends_as")}
        return Lives(features=self.features.iloc[rows].reset_index(drop=True), **kept)

    def known_at(self, cut: float) -> "Lives":
        """The rows until `cut`, with what was known then."""
        early = self.where(np.flatnonzero(self.hours <= cut))
        return replace(early, labels=early.labels.known_at(early.hours, cut))

    @property
    def is_held(self) -> Array:
        """Of rows whose machine is never learned from."""
        names, codes = np.unique(self.machine, return_inverse=True)
        return np.array([is_held(str(name)) for name in names])[codes] if len(names) else np.empty(0, bool)

    @property
    def failures(self) -> int:
        """The lives that end in a failure."""
        return len(np.unique(self.life[~self.labels.is_censored]))


def is_held(machine: str) -> bool:
    return int(hashlib.sha256(machine.encode()).hexdigest()[:8], 16) % HELD_PART == 0


def lives_of(
    rows: pd.DataFrame, ends: pd.DataFrame, *, entity: str, time: str, columns: tuple[str, ...]
) -> Lives:
    """rows: features, whose times are instants. ends: see `declared`."""
    rows = rows.sort_values([entity, time], ignore_index=True)
    machine, hours = rows[entity].to_numpy(object), hours_of(rows[time])
    numbers = np.zeros(len(rows), np.int64)
    ends = ends.assign(hours=hours_of(ends["at"])).sort_values("hours")
    by_machine = dict(iter(ends.groupby("entity")))
    kinds, failures = np.full(len(rows), "", object), []
    for name, places in pd.Series(np.arange(len(rows))).groupby(machine).indices.items():
        own = by_machine.get(name)
        if own is None:
            continue
        at = own["hours"].to_numpy()
        number = np.searchsorted(at, hours[places], side="left")
        numbers[places] = number
        failed = own["failed"].to_numpy(bool)
        waits = np.flatnonzero(number < len(at))
        ends_in_failure = waits[failed[number[waits]]]
        kinds[places[ends_in_failure]] = own["kind"].to_numpy(object)[number[ends_in_failure]]
        failures += [(f"{name}#{each}", at[each]) for each in np.flatnonzero(failed)]
    life = np.array([f"{name}#{number}" for name, number in zip(machine, numbers, strict=True)], object)
    told = labels(life, hours, pd.DataFrame(failures, columns=["entity", "time"]))
    return Lives(machine, hours, life, rows[list(columns)], told, kinds)


def hours_of(instants: Any) -> Array:
    """Since 1970."""
    seconds = pd.to_datetime(instants, utc=True).astype("datetime64[us, UTC]").astype("int64")
    found: Array = np.asarray(seconds, np.float64) / 3.6e9
    return found
