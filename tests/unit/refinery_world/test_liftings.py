"""What leaves is what was made: tickets agree with levels, and mass closes."""

from collections.abc import Callable

import pandas as pd
import pytest

from domains.refinery.sources.product_liftings import METER

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]
BARREL, WATER, OIL = 0.158987294928, 0.999016, 39.68
DAY = pd.Timedelta(days=1)


@pytest.fixture(scope="module")
def tickets(made: Made) -> pd.DataFrame:
    rows = made("product_liftings")
    sign = rows.movement.map({"LIFTING": 1, "PIPELINE": 1, "PURCHASE": -1})
    names = ("volume_barrels", "mass_tonnes")
    signed = {f"signed_{name}": rows[name] * sign for name in names}
    return rows.assign(day=rows.finished_at.dt.floor("D"), **signed)


def test_a_ticket_lies_within_a_day_and_is_of_a_product_that_is_made_there(
    tickets: pd.DataFrame, made: Made
) -> None:
    assert (tickets.started_at.dt.floor("D") == tickets.day).all()
    assert (tickets.finished_at > tickets.started_at).all()
    output = made("production_output").dropna(subset="input_crude_type_id")
    there = set(zip(output.refinery_id, output.output_product_id, strict=True))
    assert set(zip(tickets.refinery_id, tickets.product_id, strict=True)) <= there
    assert tickets.tank_id.notna().equals(tickets.movement == "LIFTING")
    weighs = tickets.volume_barrels * BARREL * tickets.density_kg_m3 / 1000
    assert ((weighs - tickets.mass_tonnes).abs() <= 0.001 * weighs + 0.1).all()


def test_a_product_lies_within_its_specification(tickets: pd.DataFrame, dimension: Dimension) -> None:
    rows = tickets.merge(dimension("products"), on="product_id")
    assert rows.density_kg_m3.between(rows.density_min, rows.density_max).all()
    assert (rows.sulfur_content_pct * 10_000 <= rows.sulfur_max_ppm + 0.5).all()


def test_what_is_lifted_is_what_a_tank_took_in_and_no_longer_has(tickets: pd.DataFrame, made: Made) -> None:
    """A tank fills evenly, so its pace is told by the hours in which nobody lifts."""
    levels = made("tank_inventory").dropna(subset="product_id")
    levels = levels[levels.measurement_timestamp.dt.hour == 0]
    full = levels[levels.measurement_timestamp.dt.minute == 0].pivot(
        index="measurement_timestamp", columns="tank_id", values="volume_barrels"
    )
    lifted = tickets.pivot_table(index="day", columns="tank_id", values="volume_barrels", aggfunc="sum")
    lifted = lifted.reindex(index=full.index, columns=full.columns).fillna(0)
    change = full.diff().shift(-1)
    took_in = (change + lifted).iloc[:-1]
    quiet = took_in[lifted.iloc[:-1] == 0].median()
    checked = [tank for tank in full.columns if quiet.notna()[tank]]
    assert len(checked) > 3
    assert (lifted[checked].sum() > 0).any()
    for tank in checked:
        slack = METER * 4 * lifted[tank].iloc[:-1] + 3
        assert ((took_in[tank] - quiet[tank]).abs() <= slack).all(), tank


def test_mass_closes_within_what_meters_are_off(
    tickets: pd.DataFrame, made: Made, dimension: Dimension
) -> None:
    """Crude charged is products, what their tanks gained, sulphur, fuel and loss; of the whole days, within half a
    per cent where a crude unit ran."""
    crudes = dimension("crude_types").set_index("crude_type_id")
    kinds = dimension("processing_units").set_index("unit_id").unit_subtype
    rows = made("production_output")
    weight = 141.5 / (131.5 + rows.input_crude_type_id.map(crudes.api_gravity_typical)) * BARREL * WATER
    out = rows.output_volume_barrels + rows.coproduct_volume_barrels
    is_plant = rows.unit_id.map(kinds) == "Claus"
    rows = rows.assign(
        day=rows.production_hour.dt.floor("D"),
        charge=(rows.input_volume_barrels * weight).fillna(0),
        loss=((rows.input_volume_barrels - out) * weight).fillna(0),
        sulphur=(rows.output_volume_barrels * BARREL * 1.95).where(is_plant, 0),
        fuel=rows.energy_consumed_mmbtu / OIL,
    )
    days = rows.groupby(["refinery_id", "day"])[["charge", "loss", "sulphur", "fuel"]].sum()
    days["left"] = tickets.groupby(["refinery_id", "day"]).signed_mass_tonnes.sum()
    levels = made("tank_inventory").dropna(subset="product_id")
    opening = (
        levels[levels.measurement_timestamp == levels.measurement_timestamp.dt.floor("D")]
        .assign(day=lambda found: found.measurement_timestamp)
        .merge(
            tickets.groupby(["refinery_id", "product_id"]).density_kg_m3.first().reset_index(),
            on=["refinery_id", "product_id"],
        )
        .sort_values(["tank_id", "day"])
    )
    opening["gain"] = opening.groupby("tank_id").volume_barrels.diff().shift(-1)
    opening["gain"] *= BARREL * opening.density_kg_m3 / 1000
    last = opening.day.max()
    gained = opening[opening.day < last].groupby(["refinery_id", "day"]).gain.sum()
    days = days[days.index.get_level_values("day") < last]
    days["gained"] = gained.reindex(days.index, fill_value=0.0)
    spent = days.loss + days.fuel + days.sulphur + days.left + days.gained
    assert len(days) == 9
    assert ((days.charge - spent).abs() < 0.005 * days.charge.clip(lower=5_000)).all()


def test_refineries_burn_a_twentieth_or_so_and_gain_volume_from_heavy_crude(
    tickets: pd.DataFrame, made: Made
) -> None:
    rows = made("production_output")
    crude = rows.dropna(subset="input_crude_type_id").groupby("refinery_id").input_volume_barrels.sum()
    products = tickets.groupby("refinery_id").signed_volume_barrels.sum()
    assert (products / crude).between(0.85, 1.15).all()
