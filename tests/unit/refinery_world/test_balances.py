"""Barrels are neither made nor lost."""

from collections.abc import Callable

import pandas as pd

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]
HOUR = pd.Timedelta(hours=1)
ANCHOR = pd.Timestamp("2020-01-01")


def crude_levels(made: Made) -> pd.DataFrame:
    """Tank, hour, level at its begin and at its end."""
    levels = made("tank_inventory").query("product_type == 'Crude Oil'")
    full = levels[levels.measurement_timestamp.dt.minute == 0]
    now = full[["tank_id", "refinery_id", "measurement_timestamp", "volume_barrels"]]
    now.columns = ["tank_id", "refinery_id", "hour", "level"]
    then = now.assign(hour=now.hour - HOUR)[["tank_id", "hour", "level"]]
    return now.merge(then, on=["tank_id", "hour"], suffixes=("", "_after"))


def receipts(made: Made) -> pd.Series:
    delivered = made("crude_shipments").query("status == 'DELIVERED'")
    hour = delivered.updated_at.dt.floor("h")
    return delivered.groupby([delivered.destination_tank_id, hour]).volume_barrels.sum()


def draws(made: Made) -> pd.Series:
    charged = made("production_output").dropna(subset="input_crude_type_id")
    return charged.groupby(["refinery_id", "production_hour"]).input_volume_barrels.sum()


def test_level_is_the_level_before_plus_receipts_less_draws(made: Made) -> None:
    levels = crude_levels(made)
    order = levels.groupby("refinery_id").tank_id.transform(lambda ids: ids.rank(method="dense") - 1)
    tanks = levels.groupby("refinery_id").tank_id.transform("nunique")
    is_drawn = ((levels.hour - ANCHOR) // HOUR) % tanks == order
    drawn = (
        draws(made)
        .reindex(pd.MultiIndex.from_frame(levels[["refinery_id", "hour"]]), fill_value=0)
        .to_numpy()
    )
    received = (
        receipts(made).reindex(pd.MultiIndex.from_frame(levels[["tank_id", "hour"]]), fill_value=0).to_numpy()
    )
    expected = levels.level + received - drawn * is_drawn
    assert len(levels) > 200
    assert (received > 0).sum() > 50
    assert ((levels.level_after - expected).abs() <= 1).all()


def test_tanks_stay_within_their_operating_levels_nearly_always(made: Made, dimension: Dimension) -> None:
    rows = made("tank_inventory").merge(dimension("storage_tanks"), on="tank_id")
    inside = rows.fill_percentage.between(rows.min_operating_level, rows.max_operating_level)
    assert inside.mean() > 0.98
    assert rows.fill_percentage.between(0, 1).all()


def test_a_product_tank_never_fills_faster_than_its_refinery_makes_the_product(
    made: Made, dimension: Dimension
) -> None:
    products = dimension("products").set_index("product_id").typical_yield_pct
    rows = (
        made("tank_inventory").dropna(subset="product_id").sort_values(["tank_id", "measurement_timestamp"])
    )
    appetite = dimension("refineries").set_index("refinery_id").capacity_bpd
    made_of_it = rows.product_id.map(products) * rows.refinery_id.map(appetite) / 96
    rise = rows.groupby("tank_id").volume_barrels.diff()
    assert (rise.dropna() <= made_of_it[rise.notna()] + 1).all()
    assert (rise < 0).any()


def test_products_of_a_unit_hour_balance_its_charge_within_a_hundredth(made: Made) -> None:
    rows = made("production_output").query("input_volume_barrels > 0")
    out = rows.output_volume_barrels + rows.coproduct_volume_barrels
    assert ((out - rows.input_volume_barrels).abs() <= 0.01 * rows.input_volume_barrels).all()
    assert (rows.coproduct_volume_barrels >= 0).all()


def test_a_unit_never_charges_more_than_its_capacity(made: Made, dimension: Dimension) -> None:
    rows = made("production_output").merge(dimension("processing_units"), on="unit_id")
    assert (rows.input_volume_barrels <= rows.capacity_bpd / 24).all()
    assert rows.input_volume_barrels.sum() > 0.7 * (rows.capacity_bpd / 24).sum()


def test_only_crude_units_charge_crude(made: Made, dimension: Dimension) -> None:
    rows = made("production_output").merge(dimension("processing_units"), on="unit_id")
    is_crude_unit = rows.unit_subtype == "Atmospheric"
    assert rows.input_crude_type_id.notna().equals(is_crude_unit)


def test_shipments_bring_what_the_refinery_charges(made: Made, dimension: Dimension) -> None:
    parcels = made("crude_shipments").drop_duplicates("shipment_id")
    appetite = dimension("refineries").set_index("refinery_id").capacity_bpd
    mean = parcels.groupby("refinery_id").volume_barrels.mean() * 11
    assert (mean / appetite[mean.index]).between(0.7, 1.1).all()


def test_eleven_parcels_arrive_at_a_refinery_in_a_day(made: Made) -> None:
    due = (
        made("crude_shipments")
        .drop_duplicates("shipment_id")
        .groupby(["refinery_id", "expected_arrival_date"])
    )
    within = due.size().reset_index(name="parcels").astype({"expected_arrival_date": "datetime64[us]"})
    inner = within[within.expected_arrival_date.between("2024-01-07", "2024-01-08")]
    assert inner.parcels.between(8, 11).all()
