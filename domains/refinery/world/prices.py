"""The price of Brent: a path that wanders within a few dollars a day and a dozen a quarter."""

from datetime import timedelta

from pyspark.sql import Column
from pyspark.sql import functions as F

from simulation.random_draws import World

USUAL = 80.0
WANDERS = {180: 9.0, 45: 5.0, 12: 2.5, 3: 1.0}  # days, dollars


def brent(world: World, at: Column) -> Column:
    price = F.lit(USUAL)
    for days, dollars in WANDERS.items():
        price = price + dollars * world.smooth(f"brent {days}", F.lit(0), at=at, every=timedelta(days=days))
    return price
