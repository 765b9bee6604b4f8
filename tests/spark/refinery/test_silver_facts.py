import datetime as dt

import pytest

from domains.refinery.silver.crude_shipments import crude_shipments
from domains.refinery.silver.production_output import production_output
from domains.refinery.silver.quality_tests import quality_tests
from domains.refinery.silver.tank_inventory import tank_inventory


@pytest.fixture
def shipments(table):
    return table("""
        shipment_id  refinery_id  crude_type_id  destination_tank_id  shipment_date  arrival_date  expected_arrival_date  volume_barrels  total_cost  api_gravity_actual  sulfur_content_actual
        SHIP-1       REF-000      CRUDE-001      TANK-00000           2024-01-01     2024-01-12    2024-01-10             1000            78500       39.0                0.30
        SHIP-2       REF-000      CRUDE-999      TANK-99999           2024-01-09     2024-01-08    2024-01-08             0               78500       39.0                0.30
    """)


def test_a_shipment_is_compared_with_its_crude_and_its_schedule(
    shipments, refineries, crude_types, storage_tanks
):
    first = crude_shipments(shipments, refineries, crude_types, storage_tanks).first()
    assert (first.days_delayed, first.cost_per_barrel, first._reasons) == (2, 78.5, [])
    assert first.api_gravity_variance == pytest.approx(-0.6)
    assert first.sulfur_variance == pytest.approx(0.06)
    assert first.volume_m3 == pytest.approx(158.987, abs=0.001)
    assert (first.refinery_name, first.refinery_capacity_bpd) == ("Alpha", 100000)
    assert (first.crude_name, first.crude_classification, first.crude_sweetness) == ("WTI", "Light", "Sweet")


def test_a_shipment_of_nothing_to_nowhere_collects_its_reasons(
    shipments, refineries, crude_types, storage_tanks
):
    second = crude_shipments(shipments, refineries, crude_types, storage_tanks).collect()[1]
    assert second.cost_per_barrel is None
    assert second._reasons == [
        "crude_type_id refers to nothing",
        "destination_tank_id refers to nothing",
        "arrives before it left",
    ]


@pytest.fixture
def produced(table, processing_units, refineries, products, crude_types):
    """An hour of a crude unit, one of a coker that was down, one of a coker that ran, one where it
    says to have charged crude."""
    sent = table("""
        output_id  unit_id     refinery_id  production_hour      input_volume_barrels  input_crude_type_id  output_product_id  output_volume_barrels  coproduct_volume_barrels  yield_percentage  energy_consumed_mmbtu  operating_temperature_f
        O1         UNIT-00000  REF-000      2024-01-02 05:00:00  800                   CRUDE-001            PROD-001           160                    636                       0.20              398                    212
        O2         UNIT-00001  REF-000      2024-01-02 05:00:00  0                     -                    PROD-004           0                      0                         0                 10                     212
        O3         UNIT-00001  REF-000      2024-01-02 06:00:00  500                   -                    PROD-004           380                    60                        0.76              44                     212
        O4         UNIT-00001  REF-000      2024-01-02 07:00:00  500                   CRUDE-001            PROD-004           380                    60                        0.76              44                     212
    """)
    made = production_output(sent, processing_units, refineries, products, crude_types)
    return {row.output_id: row for row in made.collect()}


def test_a_crude_unit_is_measured_by_its_products_typical_yield(produced):
    row = produced["O1"]
    assert (row.is_crude_unit, row.expected_yield, row.efficiency_ratio) == (True, 0.25, pytest.approx(0.8))
    assert (row.capacity_utilization, row.energy_per_barrel) == (pytest.approx(0.8), pytest.approx(0.5))
    assert (row.crude_name, row.product_name, row.unit_type) == (
        "WTI",
        "Regular Gasoline",
        "Crude Distillation",
    )
    assert (row.operating_temperature_c, row.production_date) == (pytest.approx(100), dt.date(2024, 1, 2))


def test_any_other_unit_is_measured_by_its_design(produced):
    row = produced["O3"]
    assert (row.is_crude_unit, row.expected_yield, row.efficiency_ratio) == (False, 0.80, pytest.approx(0.95))


def test_only_a_crude_unit_charges_crude(produced):
    told = {name: row._reasons for name, row in produced.items() if row._reasons}
    assert told == {"O4": ["charges crude, but is no crude unit"]}


def test_an_hour_without_output_has_no_efficiency_and_no_energy_per_barrel(produced):
    row = produced["O2"]
    assert (row.efficiency_ratio, row.energy_per_barrel, row.capacity_utilization) == (None, None, 0)
    assert row._reasons == []


def test_products_that_do_not_add_up_to_the_charge_are_flagged(produced):
    assert (produced["O1"].is_balanced, produced["O3"].is_balanced) == (True, False)


def test_a_tank_level_comes_in_cubic_metres_and_celsius(
    table, storage_tanks, refineries, crude_types, products
):
    sent = table("""
        inventory_id  tank_id     refinery_id  measurement_timestamp  volume_barrels  fill_percentage  temperature_f  crude_type_id  product_id
        I1            TANK-00000  REF-000      2024-01-02 00:15:00    50000           0.5              68             CRUDE-001      -
        I2            TANK-00001  REF-000      2024-01-02 00:15:00    50000           0.5              68             -              PROD-001
        I3            TANK-00009  REF-000      2024-01-02 00:15:00    50000           0.5              68             -              -
        I4            TANK-00000  REF-000      2024-01-02 00:30:00    50000           0.5              68             CRUDE-001      PROD-001
    """)
    crude, product, orphan, both = tank_inventory(
        sent, storage_tanks, refineries, crude_types, products
    ).collect()
    assert (crude.crude_name, crude.product_name, crude.is_fill_consistent) == ("WTI", None, True)
    assert (product.product_name, product.is_fill_consistent) == ("Regular Gasoline", False)
    assert (crude.volume_m3, crude.temperature_c) == (pytest.approx(7949.36, abs=0.01), pytest.approx(20))
    assert (crude._reasons, product._reasons) == ([], [])
    assert orphan._reasons == ["tank_id refers to nothing"]
    assert both._reasons == ["holds a crude and a product"]


def test_a_crude_test_is_compared_with_the_assay_of_its_shipments_crude(
    table, refineries, storage_tanks, crude_types, shipments
):
    sent = table("""
        test_id  refinery_id  sample_source_type  sample_source_id  tank_id     test_datetime        api_gravity  sulfur_content_pct  pour_point_f  flash_point_f  reid_vapor_pressure
        T1       REF-000      Crude Shipment      SHIP-1            -           2024-01-12 10:00:00  38.6         0.30                32            212            10
        T2       REF-000      Crude Shipment      SHIP-1            -           2024-01-12 10:00:00  38.6         0.50                32            212            10
        T3       REF-000      Tank Sample         TANK-00000        TANK-00000  2024-01-12 10:00:00  10.0         0.50                32            212            10
        T4       REF-000      Tank Sample         TANK-99999        TANK-99999  2024-01-12 10:00:00  10.0         0.50                32            212            10
        T5       REF-000      Crude Shipment      SHIP-99           -           2024-01-12 10:00:00  38.6         0.30                32            212            10
    """)
    silver_shipments = crude_shipments(shipments, refineries, crude_types, storage_tanks)
    tests = quality_tests(sent, refineries, storage_tanks, silver_shipments).orderBy("test_id").collect()
    assert [row.agrees_with_assay for row in tests] == [True, False, None, None, None]
    assert (tests[0].crude_name, tests[0].api_gravity_variance) == ("WTI", pytest.approx(-1.0))
    assert (tests[0].pour_point_c, tests[0].flash_point_c) == (pytest.approx(0), pytest.approx(100))
    assert tests[0].reid_vapor_pressure_kpa == pytest.approx(68.95, abs=0.01)
    assert tests[2].density_kg_m3 == pytest.approx(999.0, abs=0.1)
    unknown = [["tank_id refers to nothing"], ["the shipment that was tested is unknown"]]
    assert [row._reasons for row in tests] == [[], [], [], *unknown]
