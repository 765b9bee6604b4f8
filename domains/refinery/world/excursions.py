"""A process that leaves its limits for some hours, as it is felt by one sensor: pushed off its point at once, it
follows with the lag of its own mass, hunts about where it was pushed to, and returns the same way.

All is drawn from the one number that an episode carries. Where the instrument shows nothing beyond a limit
(vibration has no lower one to leave), the process leaves the other side.
"""

from dataclasses import dataclass

import numpy as np

from simulation.arrays import Array, Columns

AROUND = 5400  # seconds: it is felt so long before and after its span, the way there and back
LONGEST = 10 * 3600
CRITICAL = 1 / 3
ROOM = 0.02  # of the band between the warnings: what must be left between a limit and the instrument's end
NARROW = 0.03  # of the band: warnings that are closer than this to critical are passed at once
# least and more of the way to the next limit, or to the instrument's end
BETWEEN, BEYOND = (0.3, 0.4), (0.25, 0.35)
LAG_SECONDS = (240.0, 660.0)  # least and more
SWING, SWING_SECONDS = 0.25, 5400  # of the way beyond the limit last passed; about how long it takes


@dataclass(frozen=True)
class Reach:
    """Where it goes: all in the sensor's unit, the lag in seconds."""

    is_high: Array
    is_critical: Array
    limit: Array
    passed: Array
    level: Array
    lag: Array


def reach(strength: Array, limits: Columns) -> Reach:
    side, kind, far, slow = (strength * 1000**place % 1 for place in range(4))
    band = limits["warning_high"] - limits["warning_low"]
    has_room = limits["warning_low"] - limits["min_value"] >= band * ROOM
    is_high = (side < 0.5) | ~has_room
    limit, critical, end = (
        np.where(is_high, limits[high], limits[low])
        for high, low in (
            ("warning_high", "warning_low"),
            ("critical_high", "critical_low"),
            ("max_value", "min_value"),
        )
    )
    is_critical = (kind < CRITICAL) | (np.abs(critical - limit) < band * NARROW)
    within = limit + (critical - limit) * (BETWEEN[0] + far * BETWEEN[1])
    beyond = critical + (end - critical) * (BEYOND[0] + far * BEYOND[1])
    level, passed = np.where(is_critical, beyond, within), np.where(is_critical, critical, limit)
    return Reach(is_high, is_critical, limit, passed, level, LAG_SECONDS[0] + slow * LAG_SECONDS[1])


def felt(
    course: Array, point: Array, second: Array, begins: Array, ends: Array, strength: Array, limits: Columns
) -> Array:
    """The course of readings inside of it. `point`: where the course was as it began. The process is pushed off before
    it passes the limit at `begins`, and let go before it passes it again at `ends`."""
    found = reach(strength, limits)
    share = np.clip((found.limit - point) / (found.level - point), 0.01, 0.99)
    pushed, let_go = begins + found.lag * np.log(1 - share), ends + found.lag * np.log(share)
    since, after = second - pushed, second - let_go
    there = 1 - np.exp(-np.clip(since, 0, let_go - pushed) / found.lag)
    gone = there * np.exp(-np.maximum(after, 0.0) / found.lag)
    swings = np.maximum(1.0, np.rint((ends - begins) / SWING_SECONDS))  # whole ones, so both ends are limits
    hunting = (
        (found.level - found.passed)
        * SWING
        * np.sin((second - begins) * swings * 2 * np.pi / (ends - begins))
    )
    return course * (1 - gone) + gone * (found.level + hunting)
