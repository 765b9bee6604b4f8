"""Plants faults in clean rows. Each row draws once; the draw falls on one strike or, mostly, on none.

A source may say what its measure would look like in columns of these names: `_wrong_unit`, `_out_of_range`,
`_impossible` (the value if that fault struck; null: it cannot), `_typical` and `_spread` (around what and how
far the measure usually moves), `_least` (it never shows less, unless that is the fault), `_steps` (how many
steps of the instrument make one).
"""

from collections.abc import Sequence

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from headrace.contracts.model import Contract
from headrace.contracts.schema import spark_type
from simulation.generate.fault_injection import AIM, Strike
from simulation.random_draws import World

DRIFT_SPREADS = (4.0, 10.0)


def with_episodes(rows: DataFrame, contract: Contract) -> DataFrame:
    """Lets instruments stick and drift."""
    measure = contract.measure
    if measure is None or "_spread" not in rows.columns:
        return rows
    value, second = F.col(measure), F.col("_second")
    if "_drift_from" in rows.columns:
        low, high = DRIFT_SPREADS
        strength = F.col("_drift_strength") * 2
        size = F.when(strength < 1, F.lit(1.0)).otherwise(F.lit(-1.0)) * (
            F.lit(low) + (strength % 1) * (high - low)
        )
        part = (second - F.col("_drift_from")) / (F.col("_drift_to") - F.col("_drift_from"))
        inside = (second >= F.col("_drift_from")) & (second < F.col("_drift_to"))
        drifted = value + size * part * F.col("_spread")
        if "_least" in rows.columns:
            drifted = F.greatest(drifted, F.col("_least"))
        value = F.when(inside, drifted).otherwise(value)
    if "_stuck_from" in rows.columns:
        frozen = F.col("_typical") + (F.col("_stuck_strength") * 2 - 1) * F.col("_spread")
        inside = (second >= F.col("_stuck_from")) & (second < F.col("_stuck_to"))
        value = F.when(inside, frozen).otherwise(value)
    return rows.withColumn(measure, value)


def with_strikes(rows: DataFrame, contract: Contract, strikes: Sequence[Strike], world: World) -> DataFrame:
    """Adds `_strike` (its number, null for none) and `_was`, and spoils the columns that are hit."""
    who = ("_index", "_second") if "_second" in rows.columns else (contract.key_column, F.col("_at"))
    salt = f"{contract.table} fault"
    drawn = rows.select(
        "*", world.uniform(salt, *who).alias("_roll"), world.uniform(f"{salt} aim", *who).alias(AIM)
    )
    struck = drawn.select("*", _strike_number(strikes).alias("_strike"))
    hit = {strike.column for strike in strikes if strike.column}
    spoiled = [
        _spoiled(name, contract, strikes).alias(name) if name in hit else F.col(name) for name in rows.columns
    ]
    return struck.select(*spoiled, "_strike", "_roll", AIM, _was(strikes).alias("_was"))


def _was(strikes: Sequence[Strike]) -> Column:
    """The value that was there before, as text."""
    was = F.lit(None).cast("string")
    for number, strike in enumerate(strikes):
        if strike.column:
            was = F.when(F.col("_strike") == number, F.col(strike.column).cast("string")).otherwise(was)
    return was


def _strike_number(strikes: Sequence[Strike]) -> Column:
    roll = F.col("_roll")
    total = sum(strike.rate for strike in strikes)
    number = F.when(roll >= F.lit(total), F.lit(None).cast("int"))
    bound = 0.0
    for place, strike in enumerate(strikes):
        bound += strike.rate
        chosen = F.lit(place) if strike.applies is None else F.when(strike.applies, F.lit(place))
        number = number.when(roll < F.lit(bound), chosen)
    return number


def _spoiled(name: str, contract: Contract, strikes: Sequence[Strike]) -> Column:
    kind = spark_type(contract.columns[name])
    cases = [(number, strike) for number, strike in enumerate(strikes) if strike.column == name]
    spoiled = F.col(name)
    for number, strike in cases:
        if strike.instead is not None:
            spoiled = F.when(F.col("_strike") == number, strike.instead.cast(kind)).otherwise(spoiled)
    unharmed = F.col("_strike").isNull()
    return F.when(unharmed, F.col(name)).otherwise(spoiled)


def with_steps(rows: DataFrame, contract: Contract) -> DataFrame:
    """An instrument shows whole steps, of a wrong value as well."""
    if contract.measure is None or "_steps" not in rows.columns:
        return rows
    shown = F.rint(F.col(contract.measure) * F.col("_steps")) / F.col("_steps")
    return rows.withColumn(contract.measure, shown)
