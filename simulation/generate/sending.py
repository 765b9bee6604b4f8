"""When a row reaches the lake: in which file, how late, and whether twice."""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from simulation.generate.fault_injection import AIM, Strike

OVERTAKEN = (12, 6)
"""A row out of order is held up by so many intervals of its table, and up to so many more: each sender has sent others
by then."""


def with_sending(rows: DataFrame, contract: Contract, strikes: Sequence[Strike]) -> DataFrame:
    """Adds `_sent_at`, the instant of the file that carries the row, and second copies of duplicates."""
    kinds = [strike.kind for strike in strikes]
    if "_copy" not in rows.columns:
        rows = _with_copies(rows, kinds.index("duplicate") if "duplicate" in kinds else None)
    at = (
        F.col("_second")
        if "_second" in rows.columns
        else F.col("_sent" if "_sent" in rows.columns else "_at").cast("long")
    )
    delay = _delay(rows.columns, contract, kinds)
    sent = at if delay is None else at + F.coalesce(delay, F.lit(0)).cast("long")
    if contract.type != "dimension":
        landed = int(contract.arrives.landed.total_seconds())
        sent = (F.floor(sent / landed) + 1) * landed
    return rows.withColumn("_sent_at", F.timestamp_seconds(sent))


def _with_copies(rows: DataFrame, duplicate: int | None) -> DataFrame:
    if duplicate is None:
        return rows.withColumn("_copy", F.lit(False))
    twice = F.when(F.col("_strike") == duplicate, F.array(F.lit(False), F.lit(True))).otherwise(
        F.array(F.lit(False))
    )
    return rows.select("*", F.explode(twice).alias("_copy"))


def _delay(columns: Sequence[str], contract: Contract, kinds: Sequence[str]) -> Column | None:
    """Seconds that a row is held up. A second copy follows up to an interval later."""
    landed = contract.arrives.landed.total_seconds()
    latest = contract.late.total_seconds() if contract.late else 2 * landed
    delay = F.when(F.col("_copy"), F.col(AIM) * landed)
    if "out_of_order" in kinds:
        overtaken = contract.arrives.every.total_seconds() * (F.lit(OVERTAKEN[0]) + F.col(AIM) * OVERTAKEN[1])
        is_struck = F.col("_strike") == kinds.index("out_of_order")
        delay = F.when(is_struck & ~F.col("_copy"), overtaken).otherwise(delay)
    if "_late_from" in columns:
        inside = (F.col("_second") >= F.col("_late_from")) & (F.col("_second") < F.col("_late_to"))
        return F.when(
            inside, F.lit(landed) + F.col("_late_strength") * max(0.0, latest - 2 * landed)
        ).otherwise(delay)
    if "late" in kinds:
        return F.when(
            F.col("_strike") == kinds.index("late"), F.lit(landed) + F.col(AIM) * max(0.0, latest - landed)
        ).otherwise(delay)
    return delay
