"""What several tables calculate alike."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from headrace.tables import share

KW = 1000.0  # in a MW


def losses_kw(mean_load_mw_squared: Column, capacity_mw: Column) -> Column:
    """Losses by the network's model: its iron, whatever the load, and windings and lines by the square of it."""
    at_load = KW * F.col("full_load_loss_fraction") * share(mean_load_mw_squared, capacity_mw)
    return F.col("no_load_loss_kw") + at_load
