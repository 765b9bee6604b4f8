"""Matches alarms with planted faults: right, false, or explained by a fault of another kind.

Instants are microseconds. An alarm is right where a fault of its kind and subject overlaps it. An alarm that a planted
fault of another kind necessarily causes is explained, and counts neither way.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import median

NORMAL_95 = 1.959964
HOUR = 3_600_000_000
EXPLAINED: Mapping[str, tuple[str, ...]] = {
    "limit": ("failing", "stand", "drift"),
    "stuck": ("failing", "stand"),
    "drift": ("failing", "stand", "limit"),
    "silent": (),
    "failing": (),
}
"""By kind of alarm, the other faults that cause it: a group that fails or stands, an instrument that drifted far."""

LEAST_SEEN: Mapping[str, int] = {"drift": 36 * HOUR}
"""Faults that grow slowly count only if they were there to be seen for so long: at their begin they are nothing yet."""


@dataclass(frozen=True)
class Planted:
    """A fault, under the kind of alarm it should raise. `at`: when the group fails. `counts`: false where nobody could
    see it, because its sender was off or the span began or ended too near."""

    kind: str
    subject: str
    group: str
    begin: int
    end: int
    at: int | None = None
    counts: bool = True


@dataclass(frozen=True)
class Raised:
    kind: str
    subject: str
    group: str
    since: int
    at: int
    end: int


@dataclass(frozen=True)
class Matched:
    """Of one kind. In hours: `delays` from a caught fault's beginning, `leads` before a failure."""

    caught: tuple[Planted, ...]
    missed: tuple[Planted, ...]
    false: tuple[Raised, ...]
    explained: tuple[Raised, ...]
    delays: tuple[float, ...]
    leads: tuple[float, ...]

    @property
    def delay(self) -> float | None:
        return median(self.delays) if self.delays else None

    def led_by(self, hours: float) -> int:
        return sum(lead >= hours for lead in self.leads)


def matched(kind: str, planted: Sequence[Planted], raised: Iterable[Raised], slack: int) -> Matched:
    """`slack` is how much later than the fault itself an alarm may be and still be about it."""
    by_subject, by_group = _grouped("subject", planted), _grouped("group", planted)
    first: dict[Planted, Raised] = {}
    false: list[Raised] = []
    explained: list[Raised] = []
    for alarm in sorted((each for each in raised if each.kind == kind), key=lambda each: each.at):
        right = [
            each for each in by_subject[alarm.subject] if each.kind == kind and _meet(each, alarm, slack)
        ]
        for each in right:
            first.setdefault(each, alarm)
        if not right:
            (explained if _explains(alarm, by_subject, by_group, slack) else false).append(alarm)
    counted = [each for each in planted if each.kind == kind and each.counts]
    caught = tuple(each for each in counted if each in first and _in_time(each, first[each]))
    return Matched(
        caught=caught,
        missed=tuple(each for each in counted if each not in caught),
        false=tuple(false),
        explained=tuple(explained),
        delays=tuple(max(0, first[each].at - each.begin) / HOUR for each in caught),
        leads=tuple((each.at - first[each].at) / HOUR for each in caught if each.at is not None),
    )


def wilson(hits: int, of: int) -> tuple[float, float] | None:
    """The interval that holds a share with 95 % confidence."""
    if not of:
        return None
    share, z = hits / of, NORMAL_95
    middle = (share + z * z / (2 * of)) / (1 + z * z / of)
    half = z * sqrt(share * (1 - share) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(0.0, middle - half), min(1.0, middle + half)


def _meet(planted: Planted, alarm: Raised, slack: int) -> bool:
    """Whether both overlap. An alarm raised before the fault began is about something else, even if it still stands."""
    return (
        planted.begin - slack <= alarm.at
        and alarm.since <= planted.end + slack
        and alarm.end >= planted.begin
    )


def _in_time(planted: Planted, alarm: Raised) -> bool:
    """A failure counts as caught only if its alarm came before it."""
    return planted.at is None or alarm.at < planted.at


def _explains(
    alarm: Raised,
    by_subject: Mapping[str, Sequence[Planted]],
    by_group: Mapping[str, Sequence[Planted]],
    slack: int,
) -> bool:
    others = EXPLAINED[alarm.kind]
    near = [
        *by_subject[alarm.subject],
        *(each for each in by_group[alarm.group] if each.subject == each.group),
    ]
    return any(each.kind in others and _meet(each, alarm, slack) for each in near)


def _grouped(name: str, planted: Sequence[Planted]) -> Mapping[str, list[Planted]]:
    found: dict[str, list[Planted]] = defaultdict(list)
    for each in planted:
        found[getattr(each, name)].append(each)
    return found
