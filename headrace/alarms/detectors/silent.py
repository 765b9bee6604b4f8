"""Senders that are no longer heard of, each by the interval it usually keeps.

A history may be thinned and a live feed not, so the interval is learned: quickly where it shrinks, slowly where it
grows. When nobody is heard the feed is away, not the senders: such a hole does not count as their silence. Nor does
the time for which a sender was out of service, until it is heard again. A late row tells of before: it ends none.
"""

from collections.abc import Mapping
from typing import Literal

import numpy as np

from headrace.alarms.arrays import Arrays
from headrace.alarms.readings import NEVER, Readings, in_rounds
from headrace.alarms.senders import Senders
from headrace.alarms.transitions import Transitions

BIN = 10_000_000  # microseconds: the feed is looked at in pieces of ten seconds
ODD = 0.25  # an interval that differs by more is looked at one by one
HOLE_INTERVALS = 2.0
HOLES_KEPT = 50
LEARNED_WITHIN = 16
STILL_ASKED = 2.0


class Silent:
    kind = "silent"
    of: Literal["sender", "group"] = "sender"

    def __init__(self, senders: Senders) -> None:
        self._senders = senders
        self._kept = Arrays(
            usual=np.float64(np.nan), last=NEVER, is_silent=np.bool_(False), was_off=np.bool_(False)
        )
        self._holes = np.empty((0, 2), np.int64)
        self._now = int(NEVER)

    def step(self, readings: Readings) -> Transitions:
        self._kept.fit(readings.senders)
        self._kept["was_off"][~self._senders.is_active] = True
        self._holes = np.concatenate([self._holes, self._new_holes(readings)])[-HOLES_KEPT:]
        allowed = _Allowed(self._senders, self._kept)
        parts = self._gaps(readings, allowed)
        self._kept["last"][readings.present] = readings.at[readings.last]
        parts.append(self._still_silent(readings.now, allowed))
        self._now = readings.now
        return Transitions.joined(parts)

    def state(self) -> dict[str, np.ndarray]:
        return self._kept.state() | {"holes": self._holes, "now": np.array(self._now)}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._kept.restore(state)
        self._holes, self._now = np.array(state["holes"]), int(state["now"])

    def _gaps(self, readings: Readings, allowed: "_Allowed") -> list[Transitions]:
        """Silences that ended with a reading."""
        codes, usual = readings.codes, self._kept["usual"]
        waited = (readings.at - readings.previous).astype(np.float64)
        known = readings.previous != NEVER
        odd = known & ~(np.abs(waited - usual[codes]) <= ODD * usual[codes])
        odd &= ~(_steady(readings, waited) & (waited < usual[codes]))
        begins = readings.first[:-1]
        odd[begins] |= (self._kept["is_silent"] | self._kept["was_off"])[readings.present] & known[begins]
        rows = np.flatnonzero(odd)
        return [self._turn(readings, rows[now], waited, allowed) for now in in_rounds(codes[rows])]

    def _turn(
        self, readings: Readings, rows: np.ndarray, waited: np.ndarray, allowed: "_Allowed"
    ) -> Transitions:
        codes, at, before = readings.codes[rows], readings.at[rows], readings.previous[rows]
        was_silent, most = self._kept["is_silent"][codes], allowed.most(codes)
        silent = self._without_holes(codes, before, np.minimum(at, readings.now))  # its clock may run ahead
        was_off = self._kept["was_off"][codes]
        ended = (silent > most) & allowed.judged[codes] & ~was_silent & ~was_off
        self._kept["is_silent"][codes] = False
        self._kept["was_off"][codes] = ~self._senders.is_active[codes]
        self._learn(codes, waited[rows])
        over = ended | was_silent
        if not over.any():
            return Transitions.none()
        told = (before + np.minimum(most, 2.0**61).astype(np.int64))[ended]
        begun = Transitions.of(codes[ended], told, is_on=True, since=before[ended])
        return Transitions.joined(
            [begun, Transitions.of(codes[over], at[over], is_on=False, since=before[over])]
        )

    def _learn(self, codes: np.ndarray, waited: np.ndarray) -> None:
        usual = self._kept["usual"][codes]
        longer = usual + (np.minimum(waited, 4 * usual) - usual) / 4
        shorter = np.maximum(waited, usual / 2)
        learned = np.where(waited > usual, longer, shorter)
        self._kept["usual"][codes] = np.where(np.isnan(usual), waited, learned)

    def _still_silent(self, now: int, allowed: "_Allowed") -> Transitions:
        """Senders that nothing was heard of for too long by the time that most have come to."""
        last = self._kept["last"]
        codes = self._waited_for(now, allowed)
        if len(codes):  # the time of most is asked for only where it matters
            now = self._typical(now, allowed)
            codes = codes[now - last[codes] > allowed.most(codes)]
        codes = codes[self._without_holes(codes, last[codes], np.full(len(codes), now)) > allowed.most(codes)]
        self._kept["is_silent"][codes] = True
        told = last[codes] + allowed.most(codes).astype(np.int64)
        return Transitions.of(codes, told, is_on=True, since=last[codes])

    def _waited_for(self, now: int, allowed: "_Allowed") -> np.ndarray:
        last = self._kept["last"]
        waited = np.where(last == NEVER, 0, now - last)
        expected = allowed.judged & ~self._kept["is_silent"] & ~self._kept["was_off"]
        asked = np.flatnonzero(expected & (waited > allowed.at_least))
        found: np.ndarray = asked[waited[asked] > allowed.most(asked)]
        return found

    def _typical(self, now: int, allowed: "_Allowed") -> int:
        """How far most senders are: some whose clocks run ahead, or whose rows are read first, may have carried time
        along. Who was not heard for twice as long as is allowed is not asked."""
        last = self._kept["last"]
        codes = np.flatnonzero(allowed.judged & (last != NEVER) & ~self._kept["is_silent"])
        codes = codes[now - last[codes] <= STILL_ASKED * allowed.most(codes)]
        if not len(codes):
            return now
        expected = last[codes] + np.nan_to_num(self._kept["usual"][codes])
        return min(now, int(np.median(expected)))

    def _without_holes(self, codes: np.ndarray, since: np.ndarray, until: np.ndarray) -> np.ndarray:
        """How long a sender was silent while others were heard."""
        silent: np.ndarray = (until - since).astype(np.float64)
        usual = np.nan_to_num(self._kept["usual"][codes])
        for begin, end in self._holes:
            shared = np.minimum(until, end) - np.maximum(since, begin)
            silent = silent - np.maximum(shared - usual, 0)
        return silent

    def _new_holes(self, readings: Readings) -> np.ndarray:
        """Spans within this batch in which nobody was heard."""
        none = np.empty((0, 2), np.int64)
        inside = readings.at[(readings.at > self._now) & (readings.at <= readings.now)]
        usual = self._usual_of_feed(readings)
        if not len(inside) or np.isnan(usual):
            return none
        start = int(inside.min()) if self._now == NEVER else self._now
        is_heard = np.zeros((readings.now - start) // BIN + 1, np.bool_)
        is_heard[(inside - start) // BIN] = True
        heard = np.append(0, np.flatnonzero(is_heard))
        far = np.flatnonzero(np.diff(heard) * BIN > max(HOLE_INTERVALS * usual, 3 * BIN))
        holes: np.ndarray = np.stack([heard[far], heard[far + 1]], axis=1) * BIN + start
        return holes.astype(np.int64)

    def _usual_of_feed(self, readings: Readings) -> float:
        known = self._kept["usual"][readings.present]
        known = known[~np.isnan(known)]
        if not len(known):
            some = slice(None, None, 1 + len(readings.at) // 10_000)
            waited = (readings.at - readings.previous)[some]
            known = waited[readings.previous[some] != NEVER]
        return float(np.median(known)) if len(known) else np.nan


def _steady(readings: Readings, waited: np.ndarray) -> np.ndarray:
    """Readings that came as soon as the one before, after enough of them for that to be learned."""
    place = np.arange(len(waited)) - np.repeat(readings.first[:-1], np.diff(readings.first))
    steady: np.ndarray = place >= LEARNED_WITHIN
    steady[1:] &= np.abs(waited[1:] - waited[:-1]) <= ODD * waited[:-1]
    return steady


class _Allowed:
    """How long each sender may be silent."""

    def __init__(self, senders: Senders, kept: Arrays) -> None:
        self._kept, self._declared = kept, np.nan_to_num(senders.interval) * 1e6
        self._intervals = senders.setting(lambda of: of.silent.intervals)
        self.at_least = senders.setting(lambda of: of.silent.at_least)
        self.judged = senders.setting(lambda of: of.silent.enabled) & senders.is_active

    def most(self, codes: np.ndarray) -> np.ndarray:
        """Unknown is not too long."""
        usual = np.maximum(self._kept["usual"][codes], self._declared[codes])
        most: np.ndarray = np.maximum(self._intervals[codes] * usual, self.at_least[codes])
        found: np.ndarray = np.where(np.isnan(most), 2.0**62, most)
        return found
