"""Instruments that show one and the same value for too long.

Instruments round, so every sender repeats a value now and then. How often is learned from its first repeats alone: a
value that has stood for hours counts as one. So many equal readings in a row are too many as would hardly happen by
such chance, and they must span some time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from headrace.alarms.arrays import Arrays
from headrace.alarms.readings import Readings
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import NONE, Transitions

CHANCES, REPEATS = 20.0, 1.0  # what is believed of a sender that nothing is known of
MOST_CHANCES = 100.0  # older ones are forgotten
LEAST_SHARE, MOST_SHARE = 0.005, 0.9


@dataclass(frozen=True)
class _Runs:
    """Readings of one value in a row, each with what came in earlier batches."""

    first: np.ndarray
    """The place of its first reading in this batch, and behind the last run the end."""
    codes: np.ndarray
    since: np.ndarray
    before: np.ndarray
    """How many readings it had already."""
    counts: np.ndarray
    """How many it has by now."""


class Stuck:
    kind = "stuck"
    of: Literal["sender", "group"] = "sender"

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._kept = Arrays(
            value=np.float64(np.nan), count=np.int32(0), since=np.int64(NONE), is_stuck=np.bool_(False),
            chances=np.float64(CHANCES), repeats=np.float64(REPEATS),
        )  # fmt: skip

    def step(self, readings: Readings) -> Transitions:
        self._kept.fit(readings.senders)
        if not len(readings.codes):
            return Transitions.none()
        is_same = self._repeats(readings)
        self._learn(readings, is_same)
        runs = self._runs(readings, is_same)
        is_known = (runs.before > 0) & self._kept["is_stuck"][runs.codes]
        told = Transitions.joined([self._ended(readings, runs), self._begun(readings, runs, is_known)])
        self._remember(readings, runs)
        return told

    def state(self) -> dict[str, np.ndarray]:
        return self._kept.state()

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._kept.restore(state)

    def _repeats(self, readings: Readings) -> np.ndarray:
        """Whether each reading shows what its sender's last one did."""
        before = np.empty_like(readings.values)
        before[1:] = readings.values[:-1]
        before[readings.first[:-1]] = self._kept["value"][readings.present]
        same: np.ndarray = readings.values == before
        return same

    def _learn(self, readings: Readings, is_same: np.ndarray) -> None:
        """Only the reading that follows the first one of a run tells how often a sender repeats itself."""
        begins, codes = readings.first[:-1], readings.present
        is_chance = np.empty_like(is_same)
        is_chance[1:] = ~is_same[:-1]
        is_chance[begins] = self._kept["count"][codes] == 1
        chances = self._kept["chances"][codes] + np.add.reduceat(is_chance, begins, dtype=np.float64)
        repeats = self._kept["repeats"][codes] + np.add.reduceat(
            is_chance & is_same, begins, dtype=np.float64
        )
        forgets = np.minimum(1, MOST_CHANCES / chances)
        self._kept["chances"][codes], self._kept["repeats"][codes] = chances * forgets, repeats * forgets

    def _runs(self, readings: Readings, is_same: np.ndarray) -> _Runs:
        is_first = ~is_same
        is_first[readings.first[:-1]] = True
        begins = np.flatnonzero(is_first)
        codes = readings.codes[begins]
        goes_on = is_same[begins]
        before = np.where(goes_on, self._kept["count"][codes], 0)
        since = np.where(goes_on, self._kept["since"][codes], readings.at[begins])
        counts = before + np.diff(begins, append=len(readings.codes))
        return _Runs(np.append(begins, len(readings.codes)), codes, since, before, counts)

    def _ended(self, readings: Readings, runs: _Runs) -> Transitions:
        """Those that were stuck and show another value now."""
        begins = runs.first[:-1]
        others = np.flatnonzero((runs.before == 0) & self._kept["is_stuck"][runs.codes])
        codes, nth = np.unique(runs.codes[others], return_index=True)
        at = begins[others[nth]]
        self._kept["is_stuck"][codes] = False
        return Transitions.of(codes, readings.at[at], is_on=False, value=readings.values[at])

    def _begun(self, readings: Readings, runs: _Runs, is_known: np.ndarray) -> Transitions:
        setting = self._senders.setting
        share = np.clip(self._kept["repeats"] / self._kept["chances"], LEAST_SHARE, MOST_SHARE)
        chance = np.log(setting(lambda of: of.stuck.chance))
        enough = np.maximum(1 + np.ceil(chance / np.log(share)), setting(lambda of: of.stuck.least_readings))
        enough = np.where(setting(lambda of: of.stuck.enabled), enough, np.inf)
        at_least = setting(lambda of: of.stuck.at_least).astype(np.int64)
        asked = np.flatnonzero((runs.counts >= enough[runs.codes]) & ~is_known)
        told = [self._told(readings, runs, int(run), enough, at_least) for run in asked]
        return Transitions.joined([transitions for transitions in told if len(transitions)])

    def _told(
        self, readings: Readings, runs: _Runs, run: int, enough: np.ndarray, at_least: np.ndarray
    ) -> Transitions:
        """Begun at the reading that makes it long enough, and ended with the run if that ended here."""
        code, begin, end = int(runs.codes[run]), int(runs.first[run]), int(runs.first[run + 1])
        long_enough = np.searchsorted(readings.at[begin:end], runs.since[run] + at_least[code])
        place = begin + max(int(long_enough), int(enough[code]) - int(runs.before[run]) - 1, 0)
        if place >= end:
            return Transitions.none()
        goes_on = end == len(readings.codes) or readings.codes[end] != code
        self._kept["is_stuck"][code] = goes_on
        places = np.array([place] if goes_on else [place, end])
        return Transitions.of(
            np.full(len(places), code), readings.at[places], is_on=places < end,
            value=readings.values[places], since=np.where(places < end, runs.since[run], readings.at[places]),
        )  # fmt: skip

    def _remember(self, readings: Readings, runs: _Runs) -> None:
        last = np.append(np.flatnonzero(np.diff(runs.codes)), len(runs.codes) - 1)
        codes = runs.codes[last]
        self._kept["value"][codes] = readings.values[readings.last]
        self._kept["count"][codes], self._kept["since"][codes] = runs.counts[last], runs.since[last]
