"""Senders that are no longer heard of, each by the interval it usually keeps.

A history may be thinned and a live feed not, so the interval is learned: quickly where it shrinks, slowly where it
grows. When nobody is heard the feed is away: such a hole counts as nobody's silence, nor does time out of service.
"""

from collections.abc import Mapping

import numpy as np

from headrace.alarms.detectors.detector import NEVER, Detector, Readings, in_rounds, joined, transitions
from headrace.alarms.senders import Senders

BIN = 10_000_000  # microseconds: the feed is looked at in pieces of ten seconds
ODD = 0.25  # an interval that differs by more is looked at one by one
HOLE_INTERVALS = 2.0
HOLES_KEPT = 50
LEARNED_WITHIN = 16
STILL_ASKED = 2.0
FOR_EVER = 2.0**61


class Silent(Detector):
    kind = "silent"

    def __init__(self, senders: Senders) -> None:
        super().__init__(
            senders, usual=np.float64(np.nan), last=NEVER, is_silent=np.bool_(False), was_off=np.bool_(False)
        )
        self._holes = np.empty((0, 2), np.int64)
        self._now = int(NEVER)

    def step(self, readings: Readings) -> np.ndarray:
        self._arrays.fit(readings.senders)
        self._arrays["was_off"][~self._senders.is_active] = True
        self._holes = np.concatenate([self._holes, self._new_holes(readings)])[-HOLES_KEPT:]
        changes = self._gaps(readings)
        self._arrays["last"][readings.present] = readings.at[readings.last]
        changes.append(self._still_silent(readings.now))
        self._now = readings.now
        return joined(changes)

    def state(self) -> dict[str, np.ndarray]:
        return super().state() | {"holes": self._holes, "now": np.array(self._now)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        super().restore(state)
        self._holes, self._now = np.array(state["holes"]), int(state["now"])

    def _is_judged(self) -> np.ndarray:
        return self._senders.setting(lambda of: of.silent.enabled) & self._senders.is_active

    def _allowed(self, codes: np.ndarray) -> np.ndarray:
        """How long each of these senders may be silent; for ever where its interval is not known."""
        setting, declared = self._senders.setting, np.nan_to_num(self._senders.interval[codes]) * 1e6
        usual = np.maximum(self._arrays["usual"][codes], declared)
        intervals = setting(lambda of: of.silent.intervals)[codes]
        longest = np.maximum(intervals * usual, setting(lambda of: of.silent.at_least)[codes])
        allowed: np.ndarray = np.nan_to_num(longest, nan=FOR_EVER)
        return allowed

    def _gaps(self, readings: Readings) -> list[np.ndarray]:
        """Silences that ended with a reading. An interval about as usual is none, nor are steady ones, which came as
        soon as the one before, after enough of them for that to be learned."""
        codes, usual = readings.codes, self._arrays["usual"]
        waited = (readings.at - readings.previous).astype(np.float64)
        known, begins = readings.previous != NEVER, readings.first[:-1]
        is_steady = np.arange(len(waited)) - np.repeat(begins, np.diff(readings.first)) >= LEARNED_WITHIN
        is_steady[1:] &= np.abs(waited[1:] - waited[:-1]) <= ODD * waited[:-1]
        odd = known & ~(np.abs(waited - usual[codes]) <= ODD * usual[codes])
        odd &= ~(is_steady & (waited < usual[codes]))
        odd[begins] |= (self._arrays["is_silent"] | self._arrays["was_off"])[readings.present] & known[begins]
        rows = np.flatnonzero(odd)
        return [self._turn(readings, rows[now], waited) for now in in_rounds(codes[rows])]

    def _turn(self, readings: Readings, rows: np.ndarray, waited: np.ndarray) -> np.ndarray:
        """Takes one reading of each of some senders."""
        codes, at, before = readings.codes[rows], readings.at[rows], readings.previous[rows]
        was_silent, was_off = self._arrays["is_silent"][codes], self._arrays["was_off"][codes]
        allowed = self._allowed(codes)
        silent = self._without_holes(codes, before, np.minimum(at, readings.now))  # its clock may run ahead
        ended = (silent > allowed) & self._is_judged()[codes] & ~was_silent & ~was_off
        self._arrays["is_silent"][codes] = False
        self._arrays["was_off"][codes] = ~self._senders.is_active[codes]
        self._learn(codes, waited[rows])
        over, raised_at = ended | was_silent, before + allowed.astype(np.int64)
        return joined(
            [
                transitions(codes[ended], raised_at[ended], is_on=True, since=before[ended]),
                transitions(codes[over], at[over], is_on=False, since=before[over]),
            ]
        )

    def _learn(self, codes: np.ndarray, waited: np.ndarray) -> None:
        usual = self._arrays["usual"][codes]
        longer = usual + (np.minimum(waited, 4 * usual) - usual) / 4
        learned = np.where(waited > usual, longer, np.maximum(waited, usual / 2))
        self._arrays["usual"][codes] = np.where(np.isnan(usual), waited, learned)

    def _still_silent(self, now: int) -> np.ndarray:
        """Senders that were not heard for too long by the time that most have come to."""
        last, is_judged = self._arrays["last"], self._is_judged()
        expected = is_judged & ~self._arrays["is_silent"] & ~self._arrays["was_off"] & (last != NEVER)
        at_least = self._senders.setting(lambda of: of.silent.at_least)
        codes = np.flatnonzero(expected & (now - last > at_least))
        codes = codes[now - last[codes] > self._allowed(codes)]
        if len(codes):  # the time of most is asked for only where it matters
            now = self._typical(now, is_judged)
            codes = codes[now - last[codes] > self._allowed(codes)]
        silent = self._without_holes(codes, last[codes], np.full(len(codes), now))
        codes = codes[silent > self._allowed(codes)]
        self._arrays["is_silent"][codes] = True
        raised_at = last[codes] + self._allowed(codes).astype(np.int64)
        return transitions(codes, raised_at, is_on=True, since=last[codes])

    def _typical(self, now: int, is_judged: np.ndarray) -> int:
        """How far most senders are: some whose clocks run ahead, or whose rows are read first, may have carried time
        along. A sender that was not heard for twice as long as is allowed does not count."""
        last = self._arrays["last"]
        codes = np.flatnonzero(is_judged & (last != NEVER) & ~self._arrays["is_silent"])
        codes = codes[now - last[codes] <= STILL_ASKED * self._allowed(codes)]
        if not len(codes):
            return now
        expected = last[codes] + np.nan_to_num(self._arrays["usual"][codes])
        return min(now, int(np.median(expected)))

    def _without_holes(self, codes: np.ndarray, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        """How long a sender was silent while others were heard."""
        silent: np.ndarray = (until - since).astype(np.float64)
        usual = np.nan_to_num(self._arrays["usual"][codes])
        for begin, end in self._holes:
            shared = np.minimum(until, end) - np.maximum(since, begin)
            silent -= np.maximum(shared - usual, 0)
        return silent

    def _new_holes(self, readings: Readings) -> np.ndarray:
        """Spans within this batch in which nobody was heard."""
        inside = readings.at[(readings.at > self._now) & (readings.at <= readings.now)]
        known = self._arrays["usual"][readings.present]
        known = known[~np.isnan(known)]
        if not len(known):
            some = slice(None, None, 1 + len(readings.at) // 10_000)
            waited = (readings.at - readings.previous)[some]
            known = waited[readings.previous[some] != NEVER]
        if not len(inside) or not len(known):
            return np.empty((0, 2), np.int64)
        start = int(inside.min()) if self._now == NEVER else self._now
        is_heard = np.zeros((readings.now - start) // BIN + 1, np.bool_)
        is_heard[(inside - start) // BIN] = True
        heard = np.append(0, np.flatnonzero(is_heard))
        far = np.flatnonzero(np.diff(heard) * BIN > max(HOLE_INTERVALS * float(np.median(known)), 3 * BIN))
        holes: np.ndarray = np.stack([heard[far], heard[far + 1]], axis=1) * BIN + start
        return holes
