"""The plant as arrays, one place per refinery, unit and tank, numbered as their ids are.

Each refinery runs six grades that suit its complexity, and one slate of products by where it lies.
"""

from dataclasses import dataclass

import numpy as np

from domains.refinery.world.reference import numbers, rows_of, texts
from simulation.arrays import Array, Columns
from simulation.random_draws import World

GRADES = 6
UNITS_PER_REFINERY, TANKS_PER_REFINERY, SENSORS_PER_UNIT = 10, 4, 100
MOST_CRUDE_TANKS = 3
SECOND_CRUDE_TANK = 0.6
CAMPAIGN_HOURS = 14 * 24
DAYS_HELD = 5.0  # of charge, usually in the crude tanks
USUAL_LEVEL = 0.70
LARGEST_TANK = 1_000_000
EASY_FIRST = np.argsort(
    -(numbers("crude_types", "api_gravity_typical") - 4 * numbers("crude_types", "sulfur_content_typical")),
    kind="stable",
)
KINDS = rows_of("unit_types")
CRUDE_UNIT, SULPHUR_UNIT = "Atmospheric", "Claus"
COASTS = ("Gulf", "East", "West", "Inland", "Europe", "Singapore", "India")
COAST_OF = {"TX": 0, "LA": 0, "PA": 1, "CA": 2, "IL": 3, "MI": 3, "ZH": 4, "SG": 5, "GJ": 6}
SULPHUR_DENSITY, FREED = 1.95, 0.6  # of molten sulphur; the part of a crude's sulphur that treaters free


def crude_numbers(column: str) -> Array:
    """A property of each crude, in the order from easy to hard."""
    return numbers("crude_types", column)[EASY_FIRST]


def crude_texts(column: str) -> Array:
    return texts("crude_types", column)[EASY_FIRST]


def gravity(api: Array) -> Array:
    """Specific gravity, water being 1."""
    return 141.5 / (api + 131.5)


@dataclass(frozen=True)
class Homes:
    """Refineries. `grades` has six crudes each, `crude_tanks` how many of the tanks hold them."""

    appetite: Array
    runs: Array
    slate: Array
    coast: Array
    grades: Array
    crude_tanks: Array


def homes_of(refineries: Columns, world: World) -> Homes:
    appetite, hardest = refineries["capacity_bpd"], (refineries["complexity_index"] - 5) / 10
    number, place = np.arange(len(appetite)), np.arange(GRADES)
    middle = 20 + 160 * hardest + world.uniform("grades", number, low=-15, high=15)
    apart = 9 * (place - 2.5) + world.uniform("grade", number[:, None], place, low=-4, high=4)
    slate_of = {state: at for at, row in enumerate(rows_of("slates")) for state in row["states"].split()}
    states = refineries["location_state"].tolist()
    return Homes(
        appetite=appetite,
        runs=refineries["is_active"],
        slate=np.array([slate_of[state] for state in states]),
        coast=np.array([COAST_OF[state] for state in states]),
        grades=np.round(middle[:, None] + apart).clip(0, len(EASY_FIRST) - 1).astype(np.int64),
        crude_tanks=crude_tanks(world, number, appetite),
    )


def crude_tanks(world: World, refinery: Array, appetite: Array) -> Array:
    """How many of a refinery's tanks hold crude, the first ones: as many as hold what it is to have in stock."""
    needed = np.ceil(appetite * DAYS_HELD / USUAL_LEVEL / LARGEST_TANK)
    least = 1 + world.happens("second crude tank", refinery, rate=SECOND_CRUDE_TANK)
    there = world.counts["storage_tanks"] - refinery * TANKS_PER_REFINERY  # of the last one, fewer
    return np.clip(needed, least, np.clip(there - 1, 1, MOST_CRUDE_TANKS)).astype(np.int64)


def crude_of_tank(world: World, homes: Homes, home: Array, place: Array, hour: Array) -> Array:
    """The crude in a refinery's tank of this place, by its number from easy to hard. Each tank takes one of its
    refinery's grades for a fortnight, out of its own, so two never hold the same."""
    tank = home * TANKS_PER_REFINERY + place
    campaign = np.floor(hour / CAMPAIGN_HOURS + world.uniform("campaign phase", tank))
    chosen = world.integer("campaign", tank, campaign, low=0, high=GRADES // MOST_CRUDE_TANKS - 1)
    return homes.grades[home, chosen * MOST_CRUDE_TANKS + place % MOST_CRUDE_TANKS]


def crude_charged(world: World, homes: Homes, home: Array, hour: Array) -> Array:
    """The crude units draw from the tanks in turn, an hour each: the charge is a blend, and a row of production can
    name only one of its grades."""
    return crude_of_tank(world, homes, home, hour % homes.crude_tanks[home], hour)


def home_of(number: Array, per_refinery: int, world: World) -> Array:
    return np.minimum(number // per_refinery, world.counts["refineries"] - 1)


@dataclass(frozen=True)
class Units:
    """`slate` numbers the products of each: first the slates of crude units, then the other kinds. `sulphur_plants` is
    how many of its refinery there are, `sulphur` the barrels of it that each is built for in an hour."""

    homes: Homes
    home: Array
    kind: Array
    is_crude: Array
    is_sulphur: Array
    capacity: Array
    design: Array
    interval: Array
    age: Array
    slate: Array
    runs: Array
    sulphur_plants: Array


def units_of(processing_units: Columns, refineries: Columns, world: World) -> Units:
    homes = homes_of(refineries, world)
    subtypes = processing_units["unit_subtype"]
    kind = kind_of(subtypes)
    is_crude, is_sulphur = subtypes == CRUDE_UNIT, subtypes == SULPHUR_UNIT
    home = home_of(np.arange(len(kind)), UNITS_PER_REFINERY, world)
    installed = processing_units["installation_date"].astype("datetime64[D]")
    return Units(
        homes=homes, home=home, kind=kind, is_crude=is_crude, is_sulphur=is_sulphur,
        capacity=processing_units["capacity_bpd"],
        design=processing_units["design_efficiency"],
        interval=processing_units["maintenance_interval_days"],
        age=(np.datetime64("2020-01-01") - installed).astype(np.int64) / 365.25,
        slate=np.where(is_crude, homes.slate[home], kind - 1 + len(rows_of("slates"))),
        runs=processing_units["is_active"] & homes.runs[home],
        sulphur_plants=np.maximum(1, np.bincount(home, is_sulphur, len(homes.runs)))[home],
    )  # fmt: skip


def kind_of(subtypes: Array) -> Array:
    """The place of each subtype in the list of unit types."""
    places = {row["unit_subtype"]: place for place, row in enumerate(KINDS)}
    return np.array([places[name] for name in subtypes.tolist()])


def sulphur_in(crude: Array) -> Array:
    """Barrels of sulphur that a barrel of these crudes sets free."""
    api, percent = crude_numbers("api_gravity_typical"), crude_numbers("sulfur_content_typical")
    return (FREED * percent / 100 * gravity(api) / SULPHUR_DENSITY)[crude]


@dataclass(frozen=True)
class Tanks:
    """`place` counts the tanks of a refinery; the first ones hold crude."""

    home: Array
    place: Array
    holds: Array
    is_crude: Array
    product_type: Array
    runs: Array


def tanks_of(storage_tanks: Columns, world: World) -> Tanks:
    holds = storage_tanks["capacity_barrels"]
    number = np.arange(len(holds))
    home = home_of(number, TANKS_PER_REFINERY, world)
    kinds = storage_tanks["product_type"]
    return Tanks(
        home,
        number - home * TANKS_PER_REFINERY,
        holds,
        kinds == "Crude Oil",
        kinds,
        storage_tanks["is_active"],
    )


def product_lists() -> list[list[str]]:
    """The products of each slate, numbered as `slate` is."""
    return [row["products"].split() for row in (*rows_of("slates"), *KINDS[1:])]
