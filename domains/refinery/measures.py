"""The source mixes American units with standard ones; these bring its columns to the standard."""

from typing import TYPE_CHECKING

from pyspark.sql import Column
from pyspark.sql import functions as F

from headrace.tables import share

if TYPE_CHECKING:
    import pandas as pd

M3_PER_BARREL = 0.158987294928
KPA_PER_PSI = 6.894757
WATER_KG_M3 = 999.016  # at 60 °F, the temperature that API gravity is defined at


def celsius(fahrenheit: str) -> Column:
    return (F.col(fahrenheit) - 32) / 1.8


def cubic_metres(barrels: str) -> Column:
    return F.col(barrels) * M3_PER_BARREL


def kilopascals(psi: str) -> Column:
    return F.col(psi) * KPA_PER_PSI


def density_kg_m3(api_gravity: str) -> Column:
    """At 15 °C; the half degree to 60 °F is below what a hydrometer reads."""
    return F.try_divide(F.lit(141.5 * WATER_KG_M3), F.col(api_gravity) + 131.5)


def specific_gravity(api_gravity: Column) -> Column:
    """Water being 1. Gravities mix by volume, degrees of API do not."""
    return F.try_divide(F.lit(141.5), api_gravity + 131.5)


def api_gravity(specific_gravity: Column) -> Column:
    return F.try_divide(F.lit(141.5), specific_gravity) - 131.5


def weighted_mean(name: str, weight: Column) -> Column:
    """Over the rows in which the value is known; null where none is."""
    return share(F.sum(F.col(name) * weight), F.sum(F.when(F.col(name).isNotNull(), weight)))


def for_spark(rows: "pd.DataFrame") -> "pd.DataFrame":
    """All but numbers as Python objects: pandas keeps text in pieces of Arrow, of which Spark takes one only, and a
    column of nothing as numbers, which become such text."""
    empty = rows.isna().all()
    kinds = rows.dtypes.items()
    return rows.astype({name: object for name, kind in kinds if kind.kind not in "biuf" or empty[name]})
