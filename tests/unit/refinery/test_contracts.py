"""The contracts say what the source says: its columns, lists and weights."""

import csv
from pathlib import Path

import pytest

from headrace.contracts.load import domain_folder, load_contracts

COLUMNS = {
    "refineries": "refinery_id refinery_name location_city location_state location_country latitude longitude "
    "capacity_bpd complexity_index commissioned_date operator_name is_active last_turnaround_date",
    "processing_units": "unit_id refinery_id unit_name unit_type unit_subtype capacity_bpd design_efficiency "
    "installation_date last_maintenance_date maintenance_interval_days manufacturer model_number is_active",
    "storage_tanks": "tank_id refinery_id tank_name tank_type product_type capacity_barrels min_operating_level "
    "max_operating_level diameter_feet height_feet material has_heating has_mixer last_inspection_date is_active",
    "crude_types": "crude_type_id crude_name crude_abbreviation origin_country origin_region api_gravity_typical "
    "sulfur_content_typical classification sweetness benchmark_price_differential",
    "products": "product_id product_name product_category product_grade density_min density_max sulfur_max_ppm "
    "typical_yield_pct unit_of_measure",
    "sensors": "sensor_id unit_id refinery_id sensor_name sensor_type measurement_unit min_value max_value "
    "warning_low warning_high critical_low critical_high reading_interval_seconds manufacturer model "
    "installation_date calibration_date is_active",
    "sensor_readings": "reading_id sensor_id unit_id refinery_id reading_timestamp reading_value reading_quality "
    "is_interpolated event_time processing_time",
    "crude_shipments": "shipment_id refinery_id crude_type_id supplier_id vessel_name transport_mode origin_port "
    "shipment_date arrival_date expected_arrival_date volume_barrels api_gravity_actual sulfur_content_actual "
    "water_content_pct price_per_barrel total_cost destination_tank_id status created_at updated_at",
    "quality_tests": "test_id refinery_id sample_source_type sample_source_id tank_id test_datetime test_type "
    "technician_id api_gravity sulfur_content_pct water_sediment_pct viscosity_cst pour_point_f "
    "reid_vapor_pressure octane_number cetane_number flash_point_f test_result_status notes",
    "tank_inventory": "inventory_id tank_id refinery_id measurement_timestamp volume_barrels fill_percentage "
    "temperature_f water_bottom_inches product_type crude_type_id product_id measurement_method is_verified",
    "production_output": "output_id unit_id refinery_id production_hour input_volume_barrels input_crude_type_id "
    "output_product_id output_volume_barrels yield_percentage energy_consumed_mmbtu operating_temperature_f "
    "operating_pressure_psi downtime_minutes quality_grade shift_id",
}
ROWS = {
    "refineries": 500,
    "processing_units": 5_000,
    "storage_tanks": 2_000,
    "crude_types": 200,
    "products": 50,
    "sensors": 500_000,
    "sensor_readings": 2_000_000_000,
    "crude_shipments": 10_000_000,
    "quality_tests": 15_000_000,
    "tank_inventory": 50_000_000,
    "production_output": 30_000_000,
}
ADDED = {
    "production_plans": 5_000 * 365,
    "market_prices": 50 * 365,
    "product_liftings": 2_200_000,
    "work_orders": 60_000,
}
WEIGHTS = {
    ("sensors", "reading_interval_seconds"): (0.1, 0.5, 0.3, 0.1),
    ("sensor_readings", "reading_quality"): (0.97, 0.025, 0.005),
    ("crude_shipments", "transport_mode"): (0.5, 0.3, 0.15, 0.05),
    ("crude_shipments", "status"): (0.05, 0.1, 0.8, 0.05),
    ("quality_tests", "sample_source_type"): (0.3, 0.4, 0.2, 0.1),
    ("quality_tests", "test_type"): (0.2, 0.5, 0.2, 0.1),
    ("quality_tests", "test_result_status"): (0.85, 0.05, 0.08, 0.02),
    ("storage_tanks", "tank_type"): (0.4, 0.3, 0.15, 0.15),
    ("storage_tanks", "product_type"): (0.3, 0.25, 0.2, 0.15, 0.1),
    ("storage_tanks", "capacity_barrels"): (0.2, 0.3, 0.25, 0.15, 0.1),
    ("tank_inventory", "measurement_method"): (0.6, 0.1, 0.15, 0.15),
    ("production_output", "quality_grade"): (0.85, 0.10, 0.05),
}
CADENCE_SECONDS = {
    "refineries": 7 * 86_400,
    "crude_types": 30 * 86_400,
    "sensors": 86_400,
    "crude_shipments": 86_400,
    "quality_tests": 3_600,
    "production_output": 3_600,
    "tank_inventory": 900,
    "sensor_readings": 10,
}


def listed(name: str) -> list[dict[str, str]]:
    file: Path = domain_folder("refinery") / "reference" / f"{name}.csv"
    with file.open(newline="", encoding="utf-8") as lines:
        return list(csv.DictReader(lines))


@pytest.mark.parametrize("table", COLUMNS)
def test_every_column_of_the_source_is_there_in_its_order(table: str) -> None:
    columns = load_contracts("refinery")[table].columns
    assert [name for name, spec in columns.items() if spec.added_by == "seed"] == COLUMNS[table].split()


def test_no_table_is_missing_and_each_has_its_size() -> None:
    assert {name: contract.num_rows for name, contract in load_contracts("refinery").items()} == ROWS | ADDED


@pytest.mark.parametrize("table", ADDED)
def test_a_table_that_the_source_does_not_have_says_so_in_every_column(table: str) -> None:
    assert {spec.added_by for spec in load_contracts("refinery")[table].columns.values()} == {"headrace"}


def test_every_column_says_what_it_means() -> None:
    silent = [
        f"{table}.{name}"
        for table, contract in load_contracts("refinery").items()
        for name, spec in contract.columns.items()
        if not spec.meaning
    ]
    assert silent == []


@pytest.mark.parametrize(("table", "column"), WEIGHTS)
def test_weights_are_those_of_the_source(table: str, column: str) -> None:
    assert load_contracts("refinery")[table].columns[column].weights == WEIGHTS[table, column]


@pytest.mark.parametrize("table", CADENCE_SECONDS)
def test_tables_arrive_as_often_as_the_source_says(table: str) -> None:
    assert load_contracts("refinery")[table].arrives.every.total_seconds() == CADENCE_SECONDS[table]


def test_lists_have_their_length() -> None:
    contracts = load_contracts("refinery")
    assert len(contracts["crude_shipments"].columns["supplier_id"].choices) == 50
    assert len(contracts["quality_tests"].columns["technician_id"].choices) == 100
    assert len(contracts["production_output"].columns["shift_id"].choices) == 3
    assert [len(listed(name)) for name in ("cities", "unit_types", "sensor_kinds")] == [15, 14, 13]


def test_lists_and_contracts_name_the_same_values() -> None:
    contracts = load_contracts("refinery")
    for table, name in (
        ("refineries", "cities"),
        ("processing_units", "unit_types"),
        ("sensors", "sensor_kinds"),
    ):
        for column in set(listed(name)[0]) & set(contracts[table].columns):
            choices = contracts[table].columns[column].choices
            if choices:
                assert {row[column] for row in listed(name)} == set(choices), column


def test_grades_are_classified_by_their_numbers() -> None:
    for row in listed("crude_types"):
        api, sulfur = float(row["api_gravity_typical"]), float(row["sulfur_content_typical"])
        expected = "Light" if api >= 33 else "Medium" if api > 27 else "Heavy"
        assert row["classification"] == expected, row["crude_name"]
        assert row["sweetness"] == ("Sweet" if sulfur < 0.5 else "Sour"), row["crude_name"]


def test_no_name_comes_twice_and_densities_are_in_order() -> None:
    crudes, products = listed("crude_types"), listed("products")
    assert (
        len({row["crude_name"] for row in crudes})
        == len({row["crude_abbreviation"] for row in crudes})
        == 200
    )
    assert len({row["product_name"] for row in products}) == 50
    assert all(float(row["density_min"]) < float(row["density_max"]) for row in products)


def test_every_crude_has_a_port_and_every_slate_a_product_for_each_tank() -> None:
    ports = {row["origin_country"] for row in listed("ports")}
    assert {row["origin_country"] for row in listed("crude_types")} <= ports
    categories = {row["product_id"]: row["product_category"] for row in listed("products")}
    for slate in listed("slates"):
        made = [categories[product] for product in slate["products"].split()]
        assert {"Gasoline", "Diesel", "Jet Fuel", "Residual"} <= set(made)


def test_faults_are_malformed_only_where_lines_are_text() -> None:
    for name, contract in load_contracts("refinery").items():
        is_text = contract.arrives.files in ("csv", "json") or contract.arrives.topic
        assert "malformed" not in contract.faults or is_text, name
