"""Levels of product tanks: they rise at half the rate at which their product is made (the other half leaves by
pipeline) and are emptied again by liftings. Liftings are in no table.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from simulation.random_draws import World

RISING = 0.8
USUAL_LOAD = 0.91
SHORTEST_HOURS, LONGEST_HOURS = 6.0, 240.0
LOWEST, ROOM = 0.18, 0.68


def product_level(
    world: World, tank: Column, hours: Column, holds: Column, appetite: Column, share: Column
) -> Column:
    """Barrels at an instant, given in (broken) hours since the anchor; `share` is the product's usual yield."""
    rate = 0.5 * share * appetite * USUAL_LOAD / 24
    room = ROOM * holds
    cycle = F.greatest(F.lit(SHORTEST_HOURS), F.least(0.6 * room / (rate * RISING), F.lit(LONGEST_HOURS)))
    turn = hours / cycle + world.uniform("lifting phase", tank)
    number = F.floor(turn).cast("long")
    part = turn - number
    rise = rate * RISING * cycle

    def lowest(which: Column) -> Column:
        usual = LOWEST * holds + (room - rise) * 0.5
        return usual + F.least(rise, room - rise) * world.uniform("lifting", tank, which, low=-0.5, high=0.5)

    here, after = lowest(number), lowest(number + 1)
    rising = here + rise * part / RISING
    falling = here + rise - (here + rise - after) * (part - RISING) / (1 - RISING)
    return F.when(part < RISING, rising).otherwise(falling)
