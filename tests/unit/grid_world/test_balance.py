"""What a transformer delivers is what is metered, stolen, used without a meter, and lost."""

import numpy as np
import pandas as pd
import pytest

from domains.grid.world.transformers import loads_of
from tests.unit.grid_world.conftest import Grid, Made

HALF_HOURS = 48


@pytest.fixture(scope="module")
def balance(grid: Grid, made: Made) -> pd.DataFrame:
    """Per transformer and day, kWh: delivered by telemetry, lost by the model, read by meters without spikes."""
    model = made("network_model").drop_duplicates("transformer_id").set_index("transformer_id")
    telemetry = made("substation_telemetry")
    telemetry = telemetry.join(model, on="transformer_id")
    capacity = telemetry.capacity_mw * 1000
    load = telemetry.load_mw * 1000
    lost = telemetry.no_load_loss_kw + telemetry.full_load_loss_fraction * capacity * (load / capacity) ** 2
    telemetry = telemetry.assign(delivered=load / 4, lost=np.where(load > 0, lost, 0.0) / 4)
    telemetry["day"] = telemetry.timestamp.dt.floor("D")
    found = telemetry.groupby(["transformer_id", "day"])[["delivered", "lost"]].sum()
    found["messages"] = telemetry.groupby(["transformer_id", "day"]).size()
    readings = made("smart_meter_readings")
    customers = made("customer_master").drop_duplicates("customer_id").set_index("customer_id")
    readings = readings.join(customers.transformer_id, on="customer_id")
    spikes = grid.hidden("meter_spikes")
    leapt = set(zip(spikes.meter_id, spikes.to_at, strict=True))
    is_spike = [(name, at) in leapt for name, at in zip(readings.meter_id, readings.timestamp, strict=True)]
    readings = readings[~np.array(is_spike)]
    readings["day"] = (readings.timestamp - pd.Timedelta(minutes=1)).dt.floor("D")
    found["read"] = readings.groupby(["transformer_id", "day"]).reading_kwh.sum()
    return found.join(model.metered_share, on="transformer_id").reset_index()


def test_telemetry_has_the_energy_of_the_loads_below_it_within_a_hundredth_a_day(
    grid: Grid, made: Made
) -> None:
    """But on the days of an outage, which quarters of an hour see only roughly."""
    count = grid.world.counts["transformer_master"]
    first = int((pd.Timestamp("2025-06-05") - pd.Timestamp("2020-01-01")) / pd.Timedelta(minutes=30))
    loads = loads_of(grid.world, np.arange(count), first, first + 5 * HALF_HOURS)
    is_on = loads.off.reshape(count, 5, HALF_HOURS).sum(axis=2) == 0
    exact = loads.delivered.reshape(count, 5, HALF_HOURS).sum(axis=2) / 2
    telemetry = made("substation_telemetry")
    telemetry = telemetry[telemetry.timestamp.between("2025-06-05", "2025-06-09 23:59")]
    by_day = telemetry.groupby(["transformer_id", telemetry.timestamp.dt.floor("D")]).load_mw
    whole = (by_day.size() == 96).to_numpy().reshape(-1, 5)
    sent = by_day.sum().to_numpy().reshape(-1, 5) * 1000 / 4
    names = sorted(
        range(count), key=lambda number: f"{'NSEWC'[number % 5]}{number // 5:04d}"
    )  # as groupby orders them
    apart = np.abs(sent - exact[names]) / exact[names]

    chosen = whole & is_on[names]
    assert chosen.mean() > 0.8
    assert np.quantile(apart[chosen], 0.99) < 0.01
    assert apart[chosen].mean() < 0.003


def test_what_meters_miss_is_what_thieves_take(grid: Grid, balance: pd.DataFrame) -> None:
    """Over a fortnight honest transformers have the metered share of the survey; those with a thief much less."""
    stolen = pd.concat([grid.hidden("energy_thefts"), grid.hidden("meter_bypasses")])
    thieves = set(stolen.transformer_id)
    sums = balance.groupby("transformer_id")[["delivered", "lost", "read"]].sum()
    share = sums.read / (sums.delivered - sums.lost)
    short = share / balance.groupby("transformer_id").metered_share.first() - 1
    cut = {name for name in set(share.index) if sums.read[name] < 20}
    honest = short[[name for name in short.index if name not in thieves | cut]]

    assert len(honest) > 25
    assert honest.abs().median() < 0.06
    assert short[sorted(thieves)].median() < honest.median() - 0.1


def test_nothing_is_read_that_was_not_delivered(balance: pd.DataFrame) -> None:
    whole = balance[balance.messages == 96]

    assert (whole.read <= (whole.delivered - whole.lost) * 1.02 + 0.5).mean() > 0.99
