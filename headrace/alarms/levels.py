"""What each sender usually shows, learned from blocks of hours, and how far it and its group are from that now.

All is measured in bands: between a sender's own low and high limit. What a sender's kind in its group does, others of
the kind tell, or what the group's other kinds let expect. The rest is the sender's own, and slowly grows where an
instrument drifts. Neither what a group shows that stands, warms up or is about to fail is learned, nor what a sender
shows far from its level, unless it has stayed there so long that it must be the new one.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrace.alarms.blocks import Block
from headrace.alarms.detectors.detector import Arrays
from headrace.alarms.groups import MEMORY, NORMAL, Groups, Kinds, Shown, pair_medians
from headrace.alarms.senders import Senders

DAY = 4  # blocks
NOISE = 0.004  # bands, as long as nothing is known
LEAST_NOISE = 0.002
BELIEVED = 40.0  # blocks that the noise of its kind counts for beside a sender's own
SLOW = 8.0  # blocks in which a sender wanders once
SEASONED = 12  # blocks that must be known of a sender before its kind learns from it
FAR = 4.0  # usual deviations: not learned any more
SLOWLY = 60.0  # blocks over which the noise of a kind is learned
CLIPPED = 6.0  # usual deviations of a day that one block may pull by
LEAP = 0.1  # bands from one block to the next: no drift
SETTLED = 28  # blocks in a row that far: a new level
CALM, NEARLY = (
    0.3,
    0.65,
)  # parts of the evidence that a group is failing: others learn from it; its senders are judged
FAILING_SETTLED = 60  # blocks in a row that a group seemed to fail: it runs in another way now
DOUBTS = 2  # blocks of failing in a row that raise doubts
DOUBTED = 0.25  # of what was known of a group's senders when it began to fail
FEW_PEERS = np.array([4.0, 4.0, 2.0, 1.5, 1.0])  # times the variance of one with many, by how many they are
UNLIMITED = 100.0  # times its usual change from block to block: the band of a sender without limits


@dataclass(frozen=True)
class Course:
    """One block, judged. Groups' arrays have a place for each group, `drift` one for each sender of `judged`."""

    at: int
    evidence: np.ndarray
    is_steady: np.ndarray
    judged: np.ndarray
    """Places of senders of which a day is known, on groups that run as usual."""
    drift: np.ndarray
    """How far each is from its level on its own, over a day, in its usual deviations."""


@dataclass(frozen=True)
class _Scale:
    """What a sender's deviation is counted from and in, in its own unit."""

    level: np.ndarray
    band: np.ndarray
    low: np.ndarray
    """Its low limit; without limits, its level."""


@dataclass(frozen=True)
class _Day:
    """The last blocks of senders."""

    own: np.ndarray
    """Of each sender: how far it alone is from its level in this block, in bands."""
    peers: np.ndarray
    """How many of its kind its group has, itself among them."""
    leaps: np.ndarray
    """Whether it was elsewhere at once, which is the process or another calibration."""
    young: np.ndarray
    """Places of those whose level is the median of few blocks as yet."""
    judged: np.ndarray
    off: np.ndarray
    """Of those judged, the median of their blocks in bands, and in usual deviations."""
    score: np.ndarray


class Levels:
    def __init__(self, senders: Senders) -> None:
        self._senders, self._groups = senders, Groups()
        self._arrays = Arrays(
            level=np.float64(0), known=np.float64(0), spread=np.float64(np.nan), days=np.full(DAY, np.nan),
            last=np.float64(0), far=np.int32(0), change=np.float64(np.nan), before=np.float64(np.nan),
        )  # fmt: skip
        self._failing = Arrays(blocks=np.int32(0))
        self._kinds = Arrays(noise=np.float64(NOISE**2))

    def state(self) -> dict[str, np.ndarray]:
        parts = (self._arrays, self._failing, self._kinds, self._groups)
        return {name: array for part in parts for name, array in part.state().items()}

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        for part in (self._arrays, self._failing, self._kinds, self._groups):
            part.restore(state)

    def course(self, block: Block) -> Course:
        """Judges a block, and learns from it."""
        self._arrays.fit(len(block.means))
        self._failing.fit(len(self._senders.groups))
        self._kinds.fit(len(self._senders.kinds) + 1)
        scale = self._scale(block.means)
        shown = self._shown(block.means, scale)
        kinds = self._groups.judge(shown, self._kinds["noise"], len(self._senders.groups))
        is_usual = _of_senders(self._is_usual(NEARLY), shown.group, of_none=True)
        usable = np.flatnonzero(~np.isnan(shown.rest) & is_usual)
        day = self._day(shown, kinds, scale, usable)
        self._learn_levels(day, shown, scale)
        self._learn_noise(day, shown.kind)
        self._settle(day, scale)
        self._groups.learn(kinds, self._is_usual(CALM))
        self._doubt_groups(shown, block.means)
        return Course(block.at, self._groups.evidence.copy(), self._groups.is_steady, day.judged, day.score)

    def _scale(self, means: np.ndarray) -> _Scale:
        """The band of a sender without limits follows from how much it usually changes."""
        change, before = self._arrays["change"], self._arrays["before"]
        moved = np.abs(means - before)
        share = 1 / (self._arrays["known"] + 1)
        change[:] = np.where(
            np.isnan(moved), change, np.nan_to_num(change) * (1 - share) + share * np.nan_to_num(moved)
        )
        before[:] = np.where(np.isnan(means), before, means)
        low, high = self._senders.limits[1, : len(means)], self._senders.limits[2, : len(means)]
        band = np.where(high > low, high - low, np.where(change > 0, UNLIMITED * change, np.nan))
        level = np.where(self._arrays["known"] > 0, self._arrays["level"], means)
        return _Scale(level, band, np.where(high > low, low, level))

    def _shown(self, means: np.ndarray, scale: _Scale) -> Shown:
        group, kind = self._senders.group[: len(means)], self._senders.kind[: len(means)] + 1  # 0: of no kind
        rest, position, level = (
            (of - since) / scale.band
            for of, since in ((means, scale.level), (means, scale.low), (scale.level, scale.low))
        )
        return Shown(group, kind, rest, position, level, self._arrays["known"].copy())

    def _is_usual(self, part: float) -> np.ndarray:
        """Of each group: it runs, and its evidence is below this part of what is failing."""
        most = part * self._senders.rules.defaults.failing.deviations
        is_usual: np.ndarray = self._groups.is_steady & (self._groups.evidence < most)
        return is_usual

    def _day(self, shown: Shown, kinds: Kinds, scale: _Scale, usable: np.ndarray) -> _Day:
        """usable: places of senders that were read, in groups that run as usual."""
        days, last, known = self._arrays["days"], self._arrays["last"], shown.known
        own, peers = _own(shown, kinds)
        leaps = np.zeros(len(own), bool)
        leaps[usable] = (np.minimum(np.abs(own - last), np.abs(own))[usable] > LEAP) & (known[usable] >= DAY)
        taken = usable[~leaps[usable]]
        last[taken] = own[taken]
        days[taken, :-1] = days[taken, 1:]
        days[taken, -1] = (scale.level + own * scale.band)[taken]
        judged = taken[~np.isnan(days[taken, 0]) & (known[taken] >= DAY)]
        off = (np.median(days[judged], axis=1) - scale.level[judged]) / scale.band[judged]
        doubt = self._variance(judged, shown.kind, peers) * (1 + SLOW / known[judged])
        return _Day(own, peers, leaps, taken[known[taken] < DAY], judged, off, off / np.sqrt(doubt))

    def _variance(self, places: np.ndarray, kind: np.ndarray, peers: np.ndarray) -> np.ndarray:
        """How much senders vary on their own over days: as they were seen to, leaning on their kind."""
        known, spread = self._arrays["known"][places], self._arrays["spread"][places]
        few = FEW_PEERS[np.minimum(peers[places], len(FEW_PEERS) - 1)]
        of_kind = self._kinds["noise"][kind[places]] * few
        own = np.where(np.isnan(spread), of_kind, spread)
        variance: np.ndarray = (BELIEVED * of_kind + known * own) / (BELIEVED + known)
        return variance

    def _learn_levels(self, day: _Day, shown: Shown, scale: _Scale) -> None:
        """One block pulls a level by no more than is usual."""
        learns = ~np.isnan(shown.rest) & _of_senders(self._is_usual(1.0), shown.group, of_none=True)
        learns[day.judged[np.abs(day.score) >= FAR]] = False
        places = np.flatnonzero(learns)
        known, rest, own = shown.known[places], shown.rest[places], day.own[places]
        most = CLIPPED * np.sqrt(self._variance(places, shown.kind, day.peers))
        pull = np.where(known >= DAY, rest - own + np.clip(own, -most, most), rest)
        self._arrays["level"][places] = scale.level[places] + pull / (known + 1) * scale.band[places]
        self._arrays["known"][places] = np.minimum(known + 1, MEMORY)
        young = day.young[learns[day.young]]
        self._arrays["level"][young] = np.nanmedian(self._arrays["days"][young], axis=1)

    def _learn_noise(self, day: _Day, kind: np.ndarray) -> None:
        near = np.abs(day.score) < FAR
        places, off = day.judged[near], day.off[near]
        spread, noise = self._arrays["spread"], self._kinds["noise"]
        before = np.where(np.isnan(spread[places]), noise[kind[places]], spread[places])
        spread[places] = before + (off**2 - before) / MEMORY
        teaches = (self._arrays["known"][places] >= SEASONED) & (day.peers[places] > 1)
        shape = (1, len(noise))
        usual, count = pair_medians(kind[places][teaches].astype(np.int64), np.abs(off[teaches]), shape)
        seen = np.maximum(NORMAL * usual[0], LEAST_NOISE) ** 2
        noise[:] = np.where(count[0] > 0, noise + (seen - noise) / SLOWLY, noise)

    def _settle(self, day: _Day, scale: _Scale) -> None:
        """A sender that stays away for a week is at a new level."""
        far, days = self._arrays["far"], self._arrays["days"]
        off = day.own.copy()
        off[day.judged] = day.off
        is_far = day.leaps.copy()
        is_far[day.judged] = np.abs(day.score) >= FAR
        far[is_far] += 1
        far[day.judged[~is_far[day.judged]]] = 0
        settled = np.flatnonzero(far >= SETTLED)
        self._arrays["level"][settled] = (scale.level + off * scale.band)[settled]
        self._arrays["known"][settled], self._arrays["last"][settled], far[settled] = BELIEVED, 0, 0
        days[settled[day.leaps[settled]]] = np.nan

    def _doubt_groups(self, shown: Shown, means: np.ndarray) -> None:
        """What was learned of a group just before it began to fail is doubted, and forgotten where it is odd just
        after a stand and little is known. One that seems to fail for longer than anything takes is learned anew."""
        blocks, known = self._failing["blocks"], self._arrays["known"]
        fails = self._groups.evidence >= self._senders.rules.defaults.failing.deviations
        blocks[:] = np.where(fails, blocks + self._groups.is_steady, 0)
        doubted = _of_senders(blocks == DOUBTS, shown.group)
        known[doubted] = np.floor(known[doubted] * DOUBTED)
        is_other = self._groups.is_back & self._groups.is_steady & ~self._is_usual(NEARLY)
        forgotten = _of_senders(is_other, shown.group) & (known < SETTLED)
        known[forgotten], self._arrays["days"][forgotten] = 0, np.nan
        settled = blocks >= FAILING_SETTLED
        anew = np.flatnonzero(_of_senders(settled, shown.group) & ~np.isnan(shown.rest))
        self._arrays["level"][anew], known[anew] = means[anew], BELIEVED
        blocks[settled] = 0
        self._groups.forgive(settled)


def _of_senders(of_groups: np.ndarray, group: np.ndarray, of_none: bool = False) -> np.ndarray:
    """For each sender, what holds for its group; or `of_none`, if it has none (-1)."""
    found: np.ndarray = np.append(of_groups, of_none)[group]
    return found


def _own(shown: Shown, kinds: Kinds) -> tuple[np.ndarray, np.ndarray]:
    """What each sender does alone, and how many of its kind are in its group. With one other, the nearer of that and
    of what the group's other kinds let expect speaks for the group."""
    others, expected, peers = (
        np.vstack([of, np.full(of.shape[1], of_none, of.dtype)])[shown.group, shown.kind]  # -1: of no group
        for of, of_none in ((kinds.shows, 0), (kinds.expected, 0), (kinds.count, 1))
    )
    by_others, by_kinds = shown.rest - others, shown.rest - expected
    by_other = np.where(2 * np.abs(by_others) < np.abs(by_kinds), 2 * by_others, by_kinds)
    return np.select([peers == 1, peers == 2], [by_kinds, by_other], by_others), peers
