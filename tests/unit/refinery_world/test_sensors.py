"""Sensors know their plant."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from domains.refinery.sources.sensor_readings import sensor_readings
from domains.refinery.world.failures import MODES, failure_of
from domains.refinery.world.operation import charge_of, stand_of
from domains.refinery.world.plant import units_of
from simulation.generate.blocks import Ticks
from simulation.generate.plan import Plan
from simulation.generate.row_maker import RowMaker
from simulation.random_draws import ANCHOR_SECONDS
from tests.unit.refinery_world.conftest import DAY, SEED, START, maker_of

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]
HOUR = 3600


@pytest.fixture(scope="module")
def fortnight() -> RowMaker:
    return maker_of(Plan(scale=0.002, start=START, end=START + 14 * DAY, seed=SEED))


def shown(maker: RowMaker, sensors: np.ndarray, seconds: np.ndarray) -> pd.DataFrame:
    """Second by sensor."""
    index, second = np.repeat(sensors, len(seconds)), np.tile(seconds, len(sensors))
    given = {name: maker.argument(name) for name in ("sensors", "processing_units", "refineries")}
    value = sensor_readings(ticks=Ticks(index, second, {}), world=maker.world, **given)["reading_value"]
    return pd.DataFrame(value.reshape(len(sensors), -1).T, index=seconds, columns=sensors)


def kind_of(maker: RowMaker) -> np.ndarray:
    return maker.argument("sensors")["sensor_type"]


def test_flow_follows_charge(fortnight: RowMaker) -> None:
    """What passed in each hour of a week, by a flow meter and by the production that is reported, stands included."""
    hours = np.arange(35_064, 35_064 + 7 * 24)
    seconds = ANCHOR_SECONDS + hours[0] * HOUR + np.arange(len(hours) * 12) * 300
    given = {name: fortnight.argument(name) for name in ("processing_units", "refineries")}
    units, related = units_of(world=fortnight.world, **given), []
    for unit in range(10):
        meter = (
            np.flatnonzero(kind_of(fortnight)[unit * 100 : unit * 100 + 100] == "Flow Rate")[:1] + unit * 100
        )
        flow = shown(fortnight, meter, seconds).to_numpy().reshape(-1, 12).mean(axis=1)
        stand = stand_of(fortnight.world, units, np.full(len(hours), unit), hours)
        charge = charge_of(fortnight.world, units, np.full(len(hours), unit), hours, stand)
        related.append(np.corrcoef(flow, charge)[0, 1])
    assert np.median(related) > 0.95
    assert np.mean(np.array(related) > 0.85) >= 0.7  # a leak before the meter is not charged


def test_flow_pressure_and_temperature_of_a_unit_move_together(fortnight: RowMaker) -> None:
    hours, all_units = (
        np.arange(35_064, 35_064 + 400),
        np.arange(fortnight.world.counts["processing_units"])[:, None],
    )
    given = {name: fortnight.argument(name) for name in ("processing_units", "refineries")}
    stand = stand_of(fortnight.world, units_of(world=fortnight.world, **given), all_units, hours)
    unit = int(np.flatnonzero((hours < stand.failure.run_up_from).all(axis=1))[0])
    stood = np.convolve(stand.minutes[unit] > 0, np.ones(40))[:400] > 0  # it takes as long to be hot again
    sensors = np.arange(100) + unit * 100
    kinds, rows = (
        kind_of(fortnight)[sensors],
        shown(fortnight, sensors, ANCHOR_SECONDS + hours[~stood] * HOUR),
    )
    means = {
        kind: ((part - part.mean()) / part.std()).mean(axis=1)
        for kind in ("Flow Rate", "Pressure", "Temperature", "Vibration")
        for part in [rows.loc[:, kinds == kind]]
    }
    assert len(rows) > 200
    related = pd.DataFrame(means).corr()
    assert related.loc[related.index != "Vibration", related.columns != "Vibration"].to_numpy().min() > 0.85
    assert related["Vibration"].min() > 0.5


def test_sensors_of_two_units_far_apart_do_not(network: RowMaker) -> None:
    kinds, seconds = kind_of(network), ANCHOR_SECONDS + 35_064 * HOUR + np.arange(0, 60 * 24, 6) * HOUR
    flows = [
        np.flatnonzero(kinds[unit * 100 : unit * 100 + 100] == "Flow Rate")[:1] + unit * 100
        for unit in range(3, 430, 10)
    ]
    rows = shown(network, np.concatenate(flows), seconds)
    apart = rows.corr().to_numpy()[np.triu_indices(len(flows), 1)]
    assert abs(apart.mean()) < 0.1


def test_a_shutdown_shows_in_the_sensors_of_its_unit(fortnight: RowMaker) -> None:
    failure = failure_of(fortnight.world, np.array([0]), np.array([8]))
    failed, back = (int(at[0]) * HOUR + ANCHOR_SECONDS for at in (failure.failed, failure.repaired))
    kinds, before = kind_of(fortnight)[:100], failed - 12 * 24 * HOUR
    rows = shown(fortnight, np.arange(100), np.array([before, back - HOUR, back + 36 * HOUR]))
    left = rows.div(rows.loc[before]).T.groupby(kinds).mean()
    assert left.loc["Flow Rate", back - HOUR] < 0.02
    assert left.loc["Pressure", back - HOUR] < 0.2
    assert left.loc["Vibration", back - HOUR] < 0.1
    assert left.loc["Temperature", back - HOUR] < 0.7
    assert left.loc[["Flow Rate", "Pressure", "Temperature"], back + 36 * HOUR].between(0.8, 1.2).all()


@pytest.mark.parametrize(
    ("mode", "rising", "still"),
    [
        ("bearing", "Vibration", "Pressure"),
        ("fouling", "Pressure", "Vibration"),
        ("hot spot", "Temperature", "Vibration"),
    ],
)
def test_each_kind_of_failure_shows_in_its_own_sensors(
    network: RowMaker, mode: str, rising: str, still: str
) -> None:
    unit, number = (each.ravel() for each in np.meshgrid(np.arange(40), np.arange(6, 10), indexing="ij"))
    found = failure_of(network.world, unit, number)
    at = int(np.flatnonzero(found.mode == MODES.tolist().index(mode))[0])
    failed, begun = (int(hour[at]) * HOUR + ANCHOR_SECONDS for hour in (found.failed, found.run_up_from))
    sensors = np.arange(100) + unit[at] * 100
    kinds = kind_of(network)[sensors]
    argument = network.argument("sensors").of(sensors)
    room = argument["critical_high"] - argument["_point"]
    days = np.arange(24) * HOUR
    before, last = (shown(network, sensors, end - days).mean().to_numpy() for end in (begun, failed - HOUR))
    moved = (last - before) / room
    assert np.mean(moved[kinds == rising]) > 0.15
    assert abs(np.mean(moved[kinds == still])) < 0.12
