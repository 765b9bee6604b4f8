"""Every row that is referred to exists, and what is said of it agrees."""

from collections.abc import Callable

import pandas as pd
import pytest

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]
FACTS = (
    "crude_shipments",
    "quality_tests",
    "tank_inventory",
    "production_output",
    "production_plans",
    "product_liftings",
)


@pytest.mark.parametrize("table", FACTS)
def test_every_refinery_and_tank_and_unit_exists_and_fits(
    table: str, made: Made, dimension: Dimension
) -> None:
    rows = made(table).rename(columns={"destination_tank_id": "tank_id"})
    assert set(rows.refinery_id) <= set(dimension("refineries").refinery_id)
    for parent, key in (("storage_tanks", "tank_id"), ("processing_units", "unit_id")):
        if key in rows:
            named = rows.dropna(subset=key).merge(
                dimension(parent), on=key, how="left", suffixes=("", "_parent")
            )
            assert (named.refinery_id == named.refinery_id_parent).all()


@pytest.mark.parametrize(
    ("table", "column", "parent"),
    [
        ("crude_shipments", "crude_type_id", "crude_types"),
        ("tank_inventory", "crude_type_id", "crude_types"),
        ("tank_inventory", "product_id", "products"),
        ("production_output", "input_crude_type_id", "crude_types"),
        ("production_output", "output_product_id", "products"),
        ("market_prices", "product_id", "products"),
        ("product_liftings", "product_id", "products"),
    ],
)
def test_every_crude_and_product_exists(
    table: str, column: str, parent: str, made: Made, dimension: Dimension
) -> None:
    key = "crude_type_id" if parent == "crude_types" else "product_id"
    assert set(made(table)[column].dropna()) <= set(dimension(parent)[key])


@pytest.mark.parametrize("table", FACTS)
def test_keys_are_unique(table: str, made: Made) -> None:
    rows = made(table)
    key = rows.shipment_id + rows.status if table == "crude_shipments" else rows.iloc[:, 0]
    assert key.is_unique


def test_shipments_land_in_a_crude_tank(made: Made, dimension: Dimension) -> None:
    crude = set(dimension("storage_tanks").query("product_type == 'Crude Oil'").tank_id)
    assert set(made("crude_shipments").destination_tank_id) <= crude


def test_the_crude_charged_lies_in_a_tank_of_that_refinery(made: Made) -> None:
    held = made("tank_inventory").dropna(subset="crude_type_id")
    held = set(zip(held.refinery_id, held.measurement_timestamp, held.crude_type_id, strict=True))
    charged = made("production_output").dropna(subset="input_crude_type_id")
    assert (
        set(zip(charged.refinery_id, charged.production_hour, charged.input_crude_type_id, strict=True))
        <= held
    )


def test_a_tank_holds_the_crude_that_was_shipped_to_it(made: Made) -> None:
    shipped = made("crude_shipments").query("status == 'DELIVERED' and updated_at >= '2024-01-01'")
    held = made("tank_inventory").groupby("tank_id").crude_type_id.agg(set)
    matches = [
        crude in held[tank]
        for crude, tank in zip(shipped.crude_type_id, shipped.destination_tank_id, strict=True)
    ]
    assert sum(matches) / len(matches) > 0.9


def test_a_test_of_a_shipment_refers_to_one_that_was_delivered_before(made: Made) -> None:
    tests = made("quality_tests").query("sample_source_type == 'Crude Shipment'")
    delivered = made("crude_shipments").query("status == 'DELIVERED'").set_index("shipment_id").updated_at
    assert len(tests) > 100
    assert (tests.sample_source_id.map(delivered) <= tests.test_datetime).all()


def test_a_test_of_output_refers_to_a_row_of_production(made: Made) -> None:
    tests = made("quality_tests").query("sample_source_type == 'Product Output'")
    assert set(tests.sample_source_id) <= set(made("production_output").output_id)


def test_other_samples_come_from_a_tank_or_a_unit(made: Made, dimension: Dimension) -> None:
    tests = made("quality_tests")
    tanks, streams = (tests[tests.sample_source_type == kind] for kind in ("Tank Sample", "Process Stream"))
    assert set(tanks.sample_source_id) <= set(dimension("storage_tanks").tank_id)
    assert tanks.sample_source_id.equals(tanks.tank_id)
    assert set(streams.sample_source_id) <= set(dimension("processing_units").unit_id)
