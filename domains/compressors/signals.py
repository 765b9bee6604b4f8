"""The signals of a machine and their limits, the same for every machine: a warning is worth a look, critical an alarm.

Vibration is that of the zones of ISO 20816-8 for frames of reciprocating machines; temperature stays below what API 618
lets gas become.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

SIGNALS = {
    "vibration": "vibration_mms",
    "temp": "discharge_temp_f",
    "suction": "suction_pressure_psi",
    "pressure": "discharge_pressure_psi",
    "power": "horsepower_consumption",
    "flow": "gas_flow_mcf",
}
"""How features call them, and the columns of a reading that hold them."""
WARNING_AND_CRITICAL = {
    "vibration_mms": (5.0, 7.1),
    "discharge_temp_f": (265.0, 290.0),
    "discharge_pressure_psi": (1150.0, 1250.0),
}
LIMITED = {name: signal for name, signal in SIGNALS.items() if signal in WARNING_AND_CRITICAL}
"""The signals that have limits, and so a status."""
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


def status_at(rank: Column) -> Column:
    """The status of a rank; null where there is none."""
    return F.array(*map(F.lit, STATUSES))[rank.cast("int")]
