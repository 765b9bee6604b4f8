"""Small expressions that several tables share."""

from pyspark.sql import Column
from pyspark.sql import functions as F


def share(part: Column, whole: Column) -> Column:
    """A quotient that is null where there is nothing to divide by."""
    return part / F.nullif(whole, F.lit(0))


def count_of(condition: Column) -> Column:
    """The rows for which it holds."""
    return F.count(F.when(condition, 1))
