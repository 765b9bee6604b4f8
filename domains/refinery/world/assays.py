"""What a laboratory finds of a crude, and of a parcel of it at loading."""

from pyspark.sql import Column
from pyspark.sql import functions as F

from domains.refinery.world.plant import crude
from simulation.random_draws import World


def parcel_api(world: World, home: Column, parcel: Column, number: Column) -> Column:
    return F.round(
        crude("api_gravity_typical", number) + world.normal("parcel api", home, parcel, sd=0.45), 1
    )


def parcel_sulfur(world: World, home: Column, parcel: Column, number: Column) -> Column:
    spread = world.normal("parcel sulfur", home, parcel, mean=1.0, sd=0.05)
    return F.round(crude("sulfur_content_typical", number) * spread, 3)


def parcel_water(world: World, home: Column, parcel: Column) -> Column:
    return F.round(0.05 + 0.3 * F.pow(world.uniform("parcel water", home, parcel), 2), 2)


def viscosity(api: Column) -> Column:
    """cSt at 40 °C: 7 at 40 °API, 16 at 33, 100 at 20, 650 at 10."""
    return F.pow(F.lit(10.0), 3.7 - 0.095 * api + 0.0006 * api * api)


def pour_point(api: Column) -> Column:
    return 55 - 1.1 * api


def vapor_pressure(api: Column) -> Column:
    return 1.5 + 0.17 * api


def flash_point(api: Column) -> Column:
    return 190 - 1.7 * api
