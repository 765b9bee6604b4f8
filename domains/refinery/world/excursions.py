"""A process that leaves its limits for some hours, as it is felt by one sensor: pushed off its point at once, it
follows with the lag of its own mass, hunts about where it was pushed to, and returns the same way.

All is drawn from the one number that an episode carries. Where the instrument shows nothing beyond a limit
(vibration has no lower one to leave), the process leaves the other side.
"""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

CRITICAL = 1 / 3
ROOM = 0.02  # of the band between the warnings: what must be left between a limit and the instrument's end
NARROW = 0.03  # of the band: warnings that are closer than this to critical are passed at once
# least and more of the way to the next limit, or to the instrument's end
BETWEEN, BEYOND = (0.3, 0.4), (0.25, 0.35)
LAG_SECONDS = (240.0, 660.0)  # least and more
SWING, SWING_SECONDS = 0.25, 5400  # of the way beyond the limit last passed; about how long it takes
TURN = 2 * 3.141592653589793
STEADY = 0.12  # of the band: how far beyond its limit a process is as restless as ever


@dataclass(frozen=True)
class Reach:
    """Where it goes: all in the sensor's unit, the lag in seconds."""

    is_high: Column
    is_critical: Column
    limit: Column
    passed: Column
    level: Column
    lag: Column


def reach(strength: Column) -> Reach:
    """Of a row with a sensor's limits."""
    side, kind, far, slow = (_part(strength, place) for place in range(4))
    band = F.col("warning_high") - F.col("warning_low")
    has_room = F.col("warning_low") - F.col("min_value") >= band * ROOM
    is_high = (side < 0.5) | ~has_room
    limit, critical, end = (
        F.when(is_high, F.col(high)).otherwise(F.col(low))
        for high, low in (
            ("warning_high", "warning_low"),
            ("critical_high", "critical_low"),
            ("max_value", "min_value"),
        )
    )
    is_critical = (kind < CRITICAL) | (F.abs(critical - limit) < band * NARROW)
    within = limit + (critical - limit) * (BETWEEN[0] + far * BETWEEN[1])
    beyond = critical + (end - critical) * (BEYOND[0] + far * BEYOND[1])
    level = F.when(is_critical, beyond).otherwise(within)
    passed = F.when(is_critical, critical).otherwise(limit)
    return Reach(is_high, is_critical, limit, passed, level, LAG_SECONDS[0] + slow * LAG_SECONDS[1])


def _part(strength: Column, place: int) -> Column:
    """Even in [0, 1), and apart for each place."""
    return (strength * 1000**place) % 1


def way_of(strength: Column, begins: Column, ends: Column, typical: Column) -> Column:
    """What all readings of it share. It is pushed off before it passes the limit at `begins`, and let go before it
    passes it again at `ends`."""
    found = reach(strength)
    share = (found.limit - typical) / (found.level - typical)
    band = F.col("warning_high") - F.col("warning_low")
    swings = F.greatest(
        F.lit(1.0), F.rint((ends - begins) / SWING_SECONDS)
    )  # whole ones, so both ends are limits
    return F.struct(
        (begins + found.lag * F.log(1 - share)).alias("pushed"),
        (ends + found.lag * F.log(share)).alias("let_go"),
        found.lag.alias("lag"),
        (found.level - typical).alias("push"),
        F.least(F.lit(1.0), F.abs(found.level - found.limit) / (band * STEADY)).alias("restless"),
        begins.cast("double").alias("begins"),
        ((found.level - found.passed) * SWING).alias("swing"),
        (swings * TURN / (ends - begins)).alias("pace"),
    )


def felt(course: Column, typical: Column, second: Column, way: Column) -> Column:
    """The course of a reading inside of it, which loses some of its own restlessness."""
    since, after = (second - way[name] for name in ("pushed", "let_go"))
    there = 1 - F.exp(-F.least(since, way["let_go"] - way["pushed"]) / way["lag"])
    gone = there * F.exp(-F.greatest(after, F.lit(0.0)) / way["lag"])
    push = way["push"] + way["swing"] * F.sin((second - way["begins"]) * way["pace"])
    moved = typical + (course - typical) * (1 - gone * (1 - way["restless"])) + gone * push
    return F.when(since > 0, moved).otherwise(course)


def only_away_from(episodes: DataFrame, failures: DataFrame, around: int) -> DataFrame:
    """Episodes of sensors with their `_unit` that are not felt while it fails or stands: it has troubles enough."""
    begins, ends = (F.col(name).cast("long") for name in ("run_up_from", "back_at"))
    meets = (
        (F.col("_unit") == F.col("unit_id"))
        & (F.col("from") - around < ends)
        & (F.col("to") + around > begins)
    )
    return episodes.join(
        F.broadcast(failures.select("unit_id", "run_up_from", "back_at")), meets, "left_anti"
    )
