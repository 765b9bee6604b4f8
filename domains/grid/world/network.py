"""The network as numbers: which region, state, substation and zone a transformer is in, and whom it feeds.

Everything is numbered from 0; the region is the number modulo five. Customers of a region go to its transformers in
order, so whom a transformer feeds is worked out without a search.
"""

import numpy as np
import pyarrow as pa

from simulation.arrays import Array, repeated
from simulation.random_draws import World

LETTERS = "NSEWC"
REGIONS = ("NORTH", "SOUTH", "EAST", "WEST", "CENTRAL")
STATES = (
    ("Delhi", "Haryana", "Punjab", "UP"),
    ("Karnataka", "Kerala", "TamilNadu", "Telangana"),
    ("Bihar", "Jharkhand", "Odisha", "WestBengal"),
    ("Goa", "Gujarat", "Maharashtra", "Rajasthan"),
    ("Chhattisgarh", "HP", "MP", "Uttarakhand"),
)
# [region, state]: about where its middle is, latitude and longitude
MIDDLES = np.array(
    [
        [(28.6, 77.1), (29.2, 76.3), (30.9, 75.5), (26.9, 80.9)],
        [(14.5, 76.2), (10.2, 76.5), (11.0, 78.4), (17.8, 79.1)],
        [(25.7, 85.5), (23.6, 85.6), (20.5, 84.4), (23.3, 87.7)],
        [(15.4, 74.1), (22.7, 71.6), (19.4, 76.1), (26.6, 73.8)],
        [(21.3, 82.0), (31.8, 77.3), (23.5, 78.3), (30.1, 79.2)],
    ]
)
WIDTHS = np.array([[0.1, 0.6, 0.7, 1.2], [1.2, 0.5, 0.9, 0.9], [0.9, 0.8, 1.0, 0.8], [0.15, 1.1, 1.5, 1.6],
                   [1.3, 0.5, 1.5, 0.5]])  # fmt: skip
TRANSFORMERS_PER_SUBSTATION, ZONES = 2, 10


def region_of(number: Array) -> Array:
    return number % 5


def in_region(world: World, table: str, region: Array) -> Array:
    """How many rows of a dimension belong to the region."""
    return (world.counts[table] - region + 4) // 5


def _first_customer(world: World, region: Array, position: Array) -> Array:
    """The place among the region's customers of the first one that the transformer in this position feeds."""
    customers, transformers = (
        in_region(world, table, region) for table in ("customer_master", "transformer_master")
    )
    inner = (position > 0) & (position < transformers)
    moved = world.integer("customers apart", region, position, low=0, high=1) * inner
    return np.minimum(-(-position * customers // transformers) + moved, customers)


def transformer_of(world: World, customer: Array) -> Array:
    region, place = region_of(customer), customer // 5
    customers, transformers = (
        in_region(world, table, region) for table in ("customer_master", "transformer_master")
    )
    position = place * transformers // customers
    position = position - (place < _first_customer(world, region, position))
    return position * 5 + region


def customers_of(world: World, transformer: Array) -> tuple[Array, Array]:
    """For each customer of these transformers: the place of the transformer, and the customer."""
    region, position = region_of(transformer), transformer // 5
    first, after = (_first_customer(world, region, position + ahead) for ahead in (0, 1))
    place, count = repeated(after - first)
    return place, (first[place] + count) * 5 + region[place]


def substation_of(transformer: Array) -> Array:
    """The substation's place in its region."""
    return transformer // 5 // TRANSFORMERS_PER_SUBSTATION


def state_of(world: World, region: Array, substation: Array) -> Array:
    """The place of its state among the four of its region."""
    return world.integer("state", region, substation, low=0, high=3)


def zone_of(transformer: Array) -> Array:
    return substation_of(transformer) % ZONES


def position_of(world: World, transformer: Array) -> tuple[Array, Array]:
    """Latitude and longitude."""
    region, substation = region_of(transformer), substation_of(transformer)
    state = state_of(world, region, substation)
    middle, width = MIDDLES[region, state], WIDTHS[region, state]
    return tuple(  # type: ignore[return-value]
        np.round(
            middle[:, side]
            + width * world.uniform(f"position {side}", region, substation, low=-1, high=1)
            + world.uniform(f"own position {side}", transformer, low=-0.02, high=0.02),
            6,
        )
        for side in (0, 1)
    )


def region_names(region: Array) -> pa.Array:
    return pa.array(REGIONS).take(pa.array(region))


def state_names(region: Array, state: Array) -> pa.Array:
    return pa.array([name for names in STATES for name in names]).take(pa.array(region * 4 + state))


def zone_names(zone: Array) -> pa.Array:
    return pa.array([f"ZONE-{number + 1}" for number in range(ZONES)]).take(pa.array(zone))


def _with_letter(before: str, number: Array, digits: int) -> pa.Array:
    """Such as TRF-N-0001: the region's letter, and the place within the region counted from 1."""
    pairs = zip((number % 5).tolist(), (number // 5 + 1).tolist(), strict=True)
    return pa.array(
        [f"{before}-{LETTERS[region]}-{place:0{digits}d}" for region, place in pairs], pa.string()
    )


def transformer_ids(transformer: Array) -> pa.Array:
    return _with_letter("TRF", transformer, 4)


def substation_ids(transformer: Array) -> pa.Array:
    """Of the substations where these transformers stand."""
    return _with_letter("SUB", substation_of(transformer) * 5 + region_of(transformer), 3)


def device_ids(transformer: Array) -> pa.Array:
    """Such as IOT-SUB-N-001-2."""
    places = (transformer // 5 % TRANSFORMERS_PER_SUBSTATION + 1).tolist()
    stations = substation_ids(transformer).to_pylist()
    return pa.array([f"IOT-{name}-{place}" for name, place in zip(stations, places, strict=True)])


def meter_ids(customer: Array) -> pa.Array:
    return _with_letter("SM", customer, 5)
