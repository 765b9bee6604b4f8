"""From where on a reading is worth a look, and from where on it is an alarm: limits that hold for every machine.

Vibration is that of the zones of ISO 20816-8 for frames of reciprocating machines; temperature stays below what API 618
lets gas become.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

WARNING_AND_CRITICAL = {
    "vibration_mms": (5.0, 7.1),
    "discharge_temp_f": (265.0, 290.0),
    "discharge_pressure_psi": (1150.0, 1250.0),
}
STATUSES = ("normal", "warning", "critical")
"""From the best to the worst."""


def status_of(signal: str) -> Column:
    """Null where the signal is missing."""
    warning, critical = WARNING_AND_CRITICAL[signal]
    value = F.col(signal)
    return (
        F.when(value >= critical, "critical")
        .when(value >= warning, "warning")
        .when(value.isNotNull(), "normal")
    )


def rank_of(status: Column) -> Column:
    """The place of a status in STATUSES, so that the highest is the worst; the words themselves sort otherwise."""
    return F.array_position(F.array(*map(F.lit, STATUSES)), status) - 1


def worst_of(*statuses: Column) -> Column:
    """The worst of those that are known."""
    return status_at(F.greatest(*map(rank_of, statuses)) if len(statuses) > 1 else rank_of(statuses[0]))


def status_at(rank: Column) -> Column:
    return F.array(*map(F.lit, STATUSES))[rank.cast("int")]
