"""What a sensor measures on its unit: where it stands in quiet times, and which limits its service has.

Worked out in one unit a type (°F, psi, barrels an hour, per cent, mm/s, cSt), then turned into the instrument's own. Of
temperature, pressure, flow and viscosity the list gives parts of what the unit has, and limits as parts of that; of all
others what they are anywhere.
"""

from dataclasses import dataclass

import numpy as np

from domains.refinery.world.operation import USUAL_LOAD
from domains.refinery.world.plant import SENSORS_PER_UNIT, UNITS_PER_REFINERY, Units, home_of
from domains.refinery.world.reference import numbers, texts
from simulation.arrays import Array
from simulation.random_draws import World

AIR = 80.0  # °F: what a unit cools down to
LIMITS = ("min_value", "max_value", "warning_low", "warning_high", "critical_low", "critical_high")
TYPES = texts("services", "sensor_type").tolist()
TEMPERATURE, PRESSURE, FLOW, VISCOSITY = range(4)  # the types whose numbers are parts
TYPE_OF_KIND = np.array([TYPES.index(name) for name in texts("sensor_kinds", "sensor_type").tolist()])
PLACES = np.array([text.split() for text in texts("services", "places").tolist()], float)
BY_LOAD, AT_REST = numbers("services", "by_load"), numbers("services", "at_rest")
COLDEST = -50.0
LOWEST_OF_SULPHUR, EASED = (
    (0.10, 0.03),
    0.2,
)  # a sulphur plant runs with what the crude brings, at one pressure
ROUND = np.array([1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10])
STEPS_OF_SPAN = 4000
STRAYS, LOAD_STRAYS = 0.012, 0.02  # of the band between the warnings, and of the usual load


def kind_of(world: World, index: Array) -> Array:
    """The place of a sensor's kind in the list of kinds."""
    return world.integer("sensor kind", index, low=0, high=len(TYPE_OF_KIND) - 1)


def unit_of_sensor(world: World, index: Array) -> tuple[Array, Array]:
    """The unit that a sensor is mounted on, and its refinery."""
    unit = np.minimum(index // SENSORS_PER_UNIT, world.counts["processing_units"] - 1)
    return unit, home_of(unit, UNITS_PER_REFINERY, world)


@dataclass(frozen=True)
class Services:
    """In the unit of each instrument. `by_load`: how far it moves when the load doubles; `spread`: how far a healthy
    reading usually strays."""

    type: Array
    point: Array
    limits: dict[str, Array]
    by_load: Array
    spread: Array
    steps: Array


def services_of(world: World, units: Units, index: Array, unit: Array) -> Services:
    kind = kind_of(world, index)
    sort = TYPE_OF_KIND[kind]
    point, scale = _point_and_scale(world, units, sort, index, unit)
    bounds = np.stack([numbers("services", name)[sort] for name in (*LIMITS[2:], "end")])
    bounds = np.where(sort <= VISCOSITY, point + bounds * scale, bounds)
    is_fed = (sort == FLOW) & units.is_sulphur[unit]
    bounds[0, is_fed], bounds[2, is_fed] = (point[is_fed] * low for low in LOWEST_OF_SULPHUR)
    factor, offset = numbers("sensor_kinds", "factor")[kind], numbers("sensor_kinds", "offset")[kind]
    bounds, point = bounds * factor + offset, point * factor + offset
    low = np.where(sort == TEMPERATURE, COLDEST, 0.0)
    span = _rounded_up(bounds[4] - low)
    mark = 10.0 ** (np.floor(np.log10(span)) - 2)  # limits are set to marks of the scale
    limits = dict(
        zip(LIMITS, (low, low + span, *np.round(np.rint(bounds[:4] / mark) * mark, 6)), strict=True)
    )
    eased = np.where((sort == PRESSURE) & units.is_sulphur[unit], EASED, 1.0)
    by_load = BY_LOAD[sort] * scale * factor * eased
    spread = np.hypot((limits["warning_high"] - limits["warning_low"]) * STRAYS, by_load * LOAD_STRAYS)
    return Services(sort, point, limits, by_load, spread, 10.0 ** np.ceil(np.log10(STEPS_OF_SPAN / span)))


def _point_and_scale(
    world: World, units: Units, sort: Array, index: Array, unit: Array
) -> tuple[Array, Array]:
    place = world.integer("service", index, low=0, high=PLACES.shape[1] - 1)
    share = PLACES[sort, place] * world.uniform("operating point", index, low=0.95, high=1.05)
    heat = (numbers("unit_types", "temperature_f")[units.kind[unit]] - 60) * share
    pressure = numbers("unit_types", "pressure_psi")[units.kind[unit]] * share
    flow = USUAL_LOAD * units.capacity[unit] / 24 * share
    point = np.choose(np.minimum(sort, VISCOSITY), [60 + heat, pressure, flow, share])
    return point, np.where(sort == TEMPERATURE, np.maximum(np.abs(heat), 100), point)


def _rounded_up(span: Array) -> Array:
    """The next end of scale that an instrument is made with."""
    decade = 10.0 ** np.floor(np.log10(span))
    return ROUND[np.searchsorted(ROUND, span / decade - 1e-9)] * decade
