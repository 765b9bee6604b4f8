import pytest

from domains.refinery.silver.crude_types import crude_types
from domains.refinery.silver.processing_units import processing_units
from domains.refinery.silver.products import products
from domains.refinery.silver.refineries import refineries
from domains.refinery.silver.sensors import sensors
from domains.refinery.silver.storage_tanks import storage_tanks


def reasons(rows) -> list[list[str]]:
    return [row._reasons for row in rows.collect()]


def test_a_refinery_off_the_globe_is_rejected(table):
    sent = table("""
        refinery_id  capacity_bpd  latitude  longitude
        REF-000      100000        29.8      -95.4
        REF-001      0             95.0      -95.4
    """)
    assert reasons(refineries(sent)) == [
        [],
        ["capacity_bpd is not positive", "coordinates are off the globe"],
    ]


def test_a_unit_of_an_unknown_refinery_is_an_orphan(table, refineries):
    sent = table("""
        unit_id     refinery_id  capacity_bpd  design_efficiency
        UNIT-00000  REF-000      100000        0.95
        UNIT-00001  REF-999      100000        1.2
    """)
    assert reasons(processing_units(sent, refineries)) == [
        [],
        ["refinery_id refers to nothing", "design_efficiency is not within 0 and 1"],
    ]


def test_a_tank_shows_its_capacity_in_cubic_metres(table, refineries):
    sent = table("""
        tank_id     refinery_id  capacity_barrels  min_operating_level  max_operating_level
        TANK-00000  REF-000      100000            0.1                  0.9
        TANK-00001  REF-000      100000            0.9                  0.1
    """)
    made = storage_tanks(sent, refineries)
    assert reasons(made) == [[], ["operating levels are out of order"]]
    assert made.first().capacity_m3 == pytest.approx(15898.73, abs=0.01)


def test_wti_weighs_826_kilograms_a_cubic_metre(table):
    sent = table("""
        crude_type_id  api_gravity_typical  sulfur_content_typical
        CRUDE-001      39.6                 0.24
    """)
    assert crude_types(sent).first().density_typical_kg_m3 == pytest.approx(826.2, abs=0.1)


def test_a_product_whose_density_limits_are_swapped_is_rejected(table):
    sent = table("""
        product_id  density_min  density_max  typical_yield_pct
        PROD-001    720          775          0.25
        PROD-002    775          720          25
    """)
    assert reasons(products(sent)) == [
        [],
        ["density limits are out of order", "typical_yield_pct is not within 0 and 1"],
    ]


def test_a_sensor_belongs_to_its_units_refinery_and_its_limits_rise(table, processing_units):
    sent = table("""
        sensor_id  unit_id     refinery_id  min_value  critical_low  warning_low  warning_high  critical_high  max_value
        S1         UNIT-00000  REF-000      0          0             0            20            35             50
        S2         UNIT-00000  REF-001      0          5             2            20            35             50
        S3         UNIT-99999  REF-000      0          0             0            20            35             50
        S4         UNIT-00000  REF-000      0          0             20           20            35             50
    """)
    made = sensors(sent, processing_units).orderBy("sensor_id")
    assert reasons(made) == [
        [],
        ["refinery_id is not its unit's", "limits are out of order"],
        ["unit_id refers to nothing"],
        ["limits are out of order"],
    ]
    assert "_unit_refinery_id" not in made.columns
