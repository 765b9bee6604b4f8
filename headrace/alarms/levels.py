"""What each sender usually shows, learned from blocks of hours, and how far it and its group are from that now.

All is measured in bands: between a sender's own low and high limit. What a sender's kind in its group does, others of
the kind tell, or what the group's other kinds let expect. What is left is the sender's own deviation: it slowly grows
where an instrument drifts. Nothing is learned of a group that stands, warms up or is about to fail, nor of a sender
that is far from its level, unless it has stayed there so long that it must be the new one. A group that went as far
as if it failed, and no further, runs at a new level too: it may have another feed.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from headrace.alarms.blocks import Block
from headrace.alarms.detectors.detector import Arrays
from headrace.alarms.groups import MEMORY, NORMAL, Groups, Kinds, SenderBlock, pair_medians
from headrace.alarms.senders import Senders

DAY = 4  # blocks
NOISE = 0.004  # bands, as long as nothing is known
LEAST_NOISE = 0.002
PRIOR_BLOCKS = 40.0  # that the noise of its kind counts for beside a sender's own
SLOW = 8.0  # blocks in which a sender wanders once
SEASONED = 12  # blocks that must be known of a sender before its kind learns from it
FAR = 4.0  # usual deviations: not learned any more
SLOWLY = 60.0  # blocks over which the noise of a kind is learned
CLIPPED = 6.0  # usual deviations of a day that one block may pull by
LEAP = 0.1  # bands from one block to the next: no drift
SETTLED = 28  # blocks in a row that far: a new level
TEACHES = 0.3  # part of the evidence of failing below which others learn from a group
JUDGED = 0.65  # and the part below which its senders are judged
FAILING_SETTLED = 60  # blocks in a row that a group seemed to fail: it runs at another level now
ENDS = 0.5  # part of the evidence of failing below which it is over
GROWS = 1.1  # times the furthest until then
STOPPED = 12  # blocks without such growth: it came to a new level and stays there
NEARER = 0.25  # squared distance from the former level, as a part of that from the level of now: it went back
DISCOUNTED = 2  # blocks of failing in a row after which less is thought of what was learned just before
DISCOUNT = 0.25  # of what was known of a group's senders when it began to fail
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
            lately=np.float64(np.nan), former=np.float64(np.nan),
        )  # fmt: skip
        self._failing = Arrays(blocks=np.int32(0), reached=np.float64(0), stopped=np.int32(0))
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
        now = self._sender_block(block.means, scale)
        kinds = self._groups.judge(now, self._kinds["noise"], len(self._senders.groups))
        is_usual = _of_senders(self._is_usual(JUDGED), now.group, of_none=True)
        usable = np.flatnonzero(~np.isnan(now.deviation) & is_usual)
        day = self._day(now, kinds, scale, usable)
        self._learn_levels(day, now, scale)
        self._learn_noise(day, now.kind)
        self._settle(day, scale)
        self._groups.learn(kinds, self._is_usual(TEACHES))
        self._discount_groups(now)
        self._move_groups(now, block.means, scale.band)
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

    def _sender_block(self, means: np.ndarray, scale: _Scale) -> SenderBlock:
        group, kind = self._senders.group[: len(means)], self._senders.kind[: len(means)] + 1  # 0: of no kind
        deviation, position, level = (
            (of - since) / scale.band
            for of, since in ((means, scale.level), (means, scale.low), (scale.level, scale.low))
        )
        return SenderBlock(group, kind, deviation, position, level, self._arrays["known"].copy())

    def _is_usual(self, part: float) -> np.ndarray:
        """Of each group: it runs, and its evidence is below this part of what is failing."""
        most = part * self._senders.rules.defaults.failing.deviations
        is_usual: np.ndarray = self._groups.is_steady & (self._groups.evidence < most)
        return is_usual

    def _day(self, now: SenderBlock, kinds: Kinds, scale: _Scale, usable: np.ndarray) -> _Day:
        """usable: places of senders that were read, in groups that run as usual."""
        days, last, known = self._arrays["days"], self._arrays["last"], now.known
        own, peers = _own(now, kinds)
        leaps = np.zeros(len(own), bool)
        leaps[usable] = (np.minimum(np.abs(own - last), np.abs(own))[usable] > LEAP) & (known[usable] >= DAY)
        taken = usable[~leaps[usable]]
        last[taken] = own[taken]
        days[taken, :-1] = days[taken, 1:]
        days[taken, -1] = (scale.level + own * scale.band)[taken]
        judged = taken[~np.isnan(days[taken, 0]) & (known[taken] >= DAY)]
        off = (np.median(days[judged], axis=1) - scale.level[judged]) / scale.band[judged]
        variance = self._variance(judged, now.kind, peers) * (1 + SLOW / known[judged])
        return _Day(own, peers, leaps, taken[known[taken] < DAY], judged, off, off / np.sqrt(variance))

    def _variance(self, places: np.ndarray, kind: np.ndarray, peers: np.ndarray) -> np.ndarray:
        """How much senders vary on their own over days: as they were seen to, leaning on their kind."""
        known, spread = self._arrays["known"][places], self._arrays["spread"][places]
        few = FEW_PEERS[np.minimum(peers[places], len(FEW_PEERS) - 1)]
        of_kind = self._kinds["noise"][kind[places]] * few
        own = np.where(np.isnan(spread), of_kind, spread)
        variance: np.ndarray = (PRIOR_BLOCKS * of_kind + known * own) / (PRIOR_BLOCKS + known)
        return variance

    def _learn_levels(self, day: _Day, now: SenderBlock, scale: _Scale) -> None:
        """One block pulls a level by no more than is usual."""
        learns = ~np.isnan(now.deviation) & _of_senders(self._is_usual(1.0), now.group, of_none=True)
        learns[day.judged[np.abs(day.score) >= FAR]] = False
        places = np.flatnonzero(learns)
        known, deviation, own = now.known[places], now.deviation[places], day.own[places]
        most = CLIPPED * np.sqrt(self._variance(places, now.kind, day.peers))
        pull = np.where(known >= DAY, deviation - own + np.clip(own, -most, most), deviation)
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
        """A sender that stays far from its level for a week is at a new one."""
        far, days = self._arrays["far"], self._arrays["days"]
        off = day.own.copy()
        off[day.judged] = day.off
        is_far = day.leaps.copy()
        is_far[day.judged] = np.abs(day.score) >= FAR
        far[is_far] += 1
        far[day.judged[~is_far[day.judged]]] = 0
        settled = np.flatnonzero(far >= SETTLED)
        self._arrays["level"][settled] = (scale.level + off * scale.band)[settled]
        self._arrays["known"][settled], self._arrays["last"][settled], far[settled] = PRIOR_BLOCKS, 0, 0
        days[settled[day.leaps[settled]]] = np.nan

    def _discount_groups(self, now: SenderBlock) -> None:
        """What was learned of a group just before it began to fail counts for less, and for nothing where it is unusual
        just after a stand and little is known."""
        blocks, known = self._failing["blocks"], self._arrays["known"]
        blocks[:] = np.where(self._fails(), blocks + self._groups.is_steady, 0)
        discounted = _of_senders(blocks == DISCOUNTED, now.group)
        known[discounted] = np.floor(known[discounted] * DISCOUNT)
        is_other = self._groups.is_restarted & self._groups.is_steady & ~self._is_usual(JUDGED)
        forgotten = _of_senders(is_other, now.group) & (known < SETTLED)
        known[forgotten], self._arrays["days"][forgotten] = 0, np.nan

    def _move_groups(self, now: SenderBlock, means: np.ndarray, band: np.ndarray) -> None:
        """A group that seems to fail for longer than anything takes, or that stopped half-way, runs at a new level. It
        may go back to the former one."""
        has_settled = (self._failing["blocks"] >= FAILING_SETTLED) | self._has_stopped()
        has_returned = self._fails() & self._is_at_former(now, means, band)
        level, former, lately = (self._arrays[name] for name in ("level", "former", "lately"))
        self._follow(lately, now.group, means)
        anew = _of_senders(has_settled, now.group) & ~np.isnan(lately)
        back = _of_senders(has_returned & ~has_settled, now.group) & ~np.isnan(former)
        moved = anew | back
        former[moved], level[anew], level[back] = level[moved], lately[anew], former[back]
        self._arrays["known"][moved], self._arrays["days"][moved] = PRIOR_BLOCKS, np.nan
        has_moved = has_settled | has_returned
        for name in ("blocks", "reached", "stopped"):
            self._failing[name][has_moved] = 0
        self._groups.clear_evidence(has_moved)

    def _fails(self) -> np.ndarray:
        fails: np.ndarray = self._groups.evidence >= self._senders.rules.defaults.failing.deviations
        return fails

    def _is_at_former(self, now: SenderBlock, means: np.ndarray, band: np.ndarray) -> np.ndarray:
        """Groups that are much nearer to the level that they had before this one."""
        from_former = ((means - self._arrays["former"]) / band) ** 2
        told = np.flatnonzero(~np.isnan(from_former) & (now.group >= 0))
        far, near = (
            np.bincount(now.group[told], squares[told], len(self._senders.groups))
            for squares in (now.deviation**2, from_former)
        )
        is_at_former: np.ndarray = near < NEARER * far
        return is_at_former

    def _has_stopped(self) -> np.ndarray:
        """Groups that were failing and have not gone further for some time: what wears out never stops."""
        reached, stopped, distance = self._failing["reached"], self._failing["stopped"], self._groups.distance
        least = ENDS * self._senders.rules.defaults.failing.deviations
        goes_on = self._fails() | ((reached > 0) & (self._groups.evidence >= least))
        grows = distance > GROWS * reached  # nan is no growth
        reached[:] = np.where(goes_on & grows, distance, np.where(goes_on, reached, 0))
        stopped[:] = np.where(goes_on & ~grows, stopped + ~np.isnan(distance), 0)
        has_stopped: np.ndarray = stopped >= STOPPED
        return has_stopped

    def _follow(self, lately: np.ndarray, group: np.ndarray, means: np.ndarray) -> None:
        """The mean of each sender since its group went no further: a level that is learned has whole days."""
        share = 1 / np.maximum(_of_senders(self._failing["stopped"], group), 1)
        following = np.where(np.isnan(lately), means, lately + share * (means - lately))
        lately[:] = np.where(np.isnan(means), lately, following)


def _of_senders(of_groups: np.ndarray, group: np.ndarray, of_none: bool = False) -> np.ndarray:
    """For each sender, what holds for its group; or `of_none`, if it has none (-1)."""
    found: np.ndarray = np.append(of_groups, of_none)[group]
    return found


def _own(now: SenderBlock, kinds: Kinds) -> tuple[np.ndarray, np.ndarray]:
    """What each sender does alone, and how many of its kind are in its group. With one other, the nearer of that and
    of what the group's other kinds let expect speaks for the group."""
    others, expected, peers = (
        np.vstack([of, np.full(of.shape[1], of_none, of.dtype)])[now.group, now.kind]  # -1: of no group
        for of, of_none in ((kinds.median, 0), (kinds.expected, 0), (kinds.count, 1))
    )
    by_others, by_kinds = now.deviation - others, now.deviation - expected
    by_other = np.where(2 * np.abs(by_others) < np.abs(by_kinds), 2 * by_others, by_kinds)
    return np.select([peers == 1, peers == 2], [by_kinds, by_other], by_others), peers
