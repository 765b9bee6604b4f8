"""Instruments that show one and the same value for too long.

Instruments round, so every sender repeats a value now and then. How often is learned from first repeats alone: a value
that has stood for hours counts as one. A run is too long when chance would hardly make it, and it spans some time.
"""

from dataclasses import dataclass

import numpy as np

from headrace.alarms.detectors.detector import NEVER, Detector, Readings, joined, transitions
from headrace.alarms.senders import Senders

CHANCES, REPEATS = 20.0, 1.0  # what is believed of a sender that nothing is known of
MOST_CHANCES = 100.0  # older ones are forgotten
LEAST_SHARE, MOST_SHARE = 0.005, 0.9


@dataclass(frozen=True)
class _Runs:
    """Equal readings of one sender in a row, with those that came in earlier batches."""

    first: np.ndarray
    """The place of each run's first reading in this batch, and the end of the last run."""
    codes: np.ndarray
    since: np.ndarray
    before: np.ndarray
    """How many readings it had already."""
    counts: np.ndarray
    """How many it has by now."""


class Stuck(Detector):
    kind = "stuck"

    def __init__(self, senders: Senders) -> None:
        super().__init__(
            senders, value=np.float64(np.nan), count=np.int32(0), since=NEVER, is_stuck=np.bool_(False),
            chances=np.float64(CHANCES), repeats=np.float64(REPEATS),
        )  # fmt: skip

    def step(self, readings: Readings) -> np.ndarray:
        self._arrays.fit(readings.senders)
        if not len(readings.codes):
            return joined(())
        before = np.empty_like(readings.values)
        before[1:] = readings.values[:-1]
        before[readings.first[:-1]] = self._arrays["value"][readings.present]
        is_same = readings.values == before
        self._learn(readings, is_same)
        runs = self._runs(readings, is_same)
        was_stuck = self._arrays["is_stuck"][runs.codes]
        others = np.flatnonzero((runs.before == 0) & was_stuck)  # these show another value now
        ended, nth = np.unique(runs.codes[others], return_index=True)
        places = runs.first[others[nth]]
        self._arrays["is_stuck"][ended] = False
        ends = transitions(ended, readings.at[places], is_on=False, value=readings.values[places])
        changes = joined([ends, *self._begun(readings, runs, (runs.before > 0) & was_stuck)])
        last = np.append(np.flatnonzero(np.diff(runs.codes)), len(runs.codes) - 1)
        codes = runs.codes[last]
        self._arrays["value"][codes] = readings.values[readings.last]
        self._arrays["count"][codes], self._arrays["since"][codes] = runs.counts[last], runs.since[last]
        return changes

    def _learn(self, readings: Readings, is_same: np.ndarray) -> None:
        """Only the reading that follows the first one of a run tells how often a sender repeats itself."""
        begins, codes = readings.first[:-1], readings.present
        is_chance = np.empty_like(is_same)
        is_chance[1:] = ~is_same[:-1]
        is_chance[begins] = self._arrays["count"][codes] == 1
        seen = np.add.reduceat(is_chance, begins, dtype=np.float64)
        repeated = np.add.reduceat(is_chance & is_same, begins, dtype=np.float64)
        chances = self._arrays["chances"][codes] + seen
        forgets = np.minimum(1, MOST_CHANCES / chances)
        self._arrays["chances"][codes] = chances * forgets
        self._arrays["repeats"][codes] = (self._arrays["repeats"][codes] + repeated) * forgets

    def _runs(self, readings: Readings, is_same: np.ndarray) -> _Runs:
        is_first = ~is_same
        is_first[readings.first[:-1]] = True
        begins = np.flatnonzero(is_first)
        codes, goes_on = readings.codes[begins], is_same[begins]
        before = np.where(goes_on, self._arrays["count"][codes], 0)
        since = np.where(goes_on, self._arrays["since"][codes], readings.at[begins])
        first = np.append(begins, len(readings.codes))
        return _Runs(first, codes, since, before, before + np.diff(first))

    def _begun(self, readings: Readings, runs: _Runs, is_known: np.ndarray) -> list[np.ndarray]:
        """Begun at the reading that makes a run long enough, and ended with the run if that ended here."""
        setting, changes = self._senders.setting, []
        share = np.clip(self._arrays["repeats"] / self._arrays["chances"], LEAST_SHARE, MOST_SHARE)
        chance = np.log(setting(lambda of: of.stuck.chance))
        enough = np.maximum(1 + np.ceil(chance / np.log(share)), setting(lambda of: of.stuck.least_readings))
        enough = np.where(setting(lambda of: of.stuck.enabled), enough, np.inf)
        at_least = setting(lambda of: of.stuck.at_least).astype(np.int64)
        for run in np.flatnonzero((runs.counts >= enough[runs.codes]) & ~is_known).tolist():
            code, begin, end = int(runs.codes[run]), int(runs.first[run]), int(runs.first[run + 1])
            long_enough = np.searchsorted(readings.at[begin:end], runs.since[run] + at_least[code])
            place = begin + max(int(long_enough), int(enough[code]) - int(runs.before[run]) - 1, 0)
            if place >= end:
                continue
            goes_on = end == len(readings.codes) or readings.codes[end] != code
            self._arrays["is_stuck"][code] = goes_on
            places = np.array([place] if goes_on else [place, end])
            at, is_on = readings.at[places], places < end
            codes, since = np.full(len(places), code), np.where(is_on, runs.since[run], at)
            changes.append(transitions(codes, at, is_on=is_on, value=readings.values[places], since=since))
        return changes
