"""Which grade lies in which crude tank: each tank takes one of its refinery's grades for a fortnight.

Tanks of even and odd place choose from different grades, so two tanks never hold the same.
"""

from pyspark.sql import Column
from pyspark.sql import functions as F

from domains.refinery.world.plant import GRADES
from domains.refinery.world.reference import at
from simulation.random_draws import World

CAMPAIGN_HOURS = 14 * 24


def crude_of_tank(world: World, tank: Column, place: Column, grades: Column, hour: Column) -> Column:
    """The number of the crude in `plant.CRUDES`."""
    begun = world.uniform("campaign phase", tank)
    campaign = F.floor(hour / CAMPAIGN_HOURS + begun).cast("long")
    pair = world.integer("campaign", tank, campaign, low=0, high=GRADES // 2 - 1)
    return at(grades, pair * 2 + place % 2)


def tank_of_hour(turns: Column, hour: Column) -> Column:
    """The crude units draw from the tanks in turn, an hour each: the charge is a blend, and a row of production
    can name only one of its grades."""
    return at(turns, hour % F.size(turns))
