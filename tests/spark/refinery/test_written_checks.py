"""Checks written by hand find nothing in sound rows, and each finds what it is for."""

from collections.abc import Iterator, Mapping

import pytest
from pyspark.sql import SparkSession

from headrace.quality.checks import soda_folder, written
from tests.spark.refinery.conftest import EVER, TableOf

AS_OF = "2024-01-15 00:00:00"
SOUND = {
    "refineries": "refinery_id  is_active\nR1  true",
    "crude_types": "crude_type_id\nC1",
    "storage_tanks": f"tank_id  refinery_id  {EVER}\nT1  R1",
    "processing_units": f"unit_id  refinery_id  unit_subtype  {EVER}\nU1  R1  Atmospheric",
    "tank_days": "tank_id  measurement_date  closed_at\nT1  2024-01-14  2024-01-14 23:45:00",
    "days_of_supply": "level  tank_id  refinery_id\nTANK  T1  R1\nPRODUCT_TYPE  -  -",
    "inventory_forecast": "tank_id  days_ahead  forecast_date\nT1  1  2024-01-15\nT1  2  2024-01-16",
    "crude_blend": (
        "refinery_id  status  crude_type_id  blend_barrels  charge_barrels  tank_barrels  share_of_tank  tank_id\n"
        "R1  OPTIMAL  C1  100.0  100.0  100.0  1.0  T1"
    ),
    "suspect_readings": "suspicion  reading_date\nspike  2024-01-14",
    "anomaly_alerts": (
        "unit_id  window_end  beyond_since  limit_kind  worst_value  limit_value\n"
        "U1  2024-01-14 10:05:00  2024-01-14 09:00:00  critical_high  11.5  10.5"
    ),
    "sensor_trust": "sensor_id  hours_silent\nS1  3.5\nS2  900.5",
    "inventory_status": "tank_id  fill_percentage\nT1  0.5",
    "stock_out_risk": (
        "days_late  days_until_arrival  days_of_supply  tank_days_of_supply  risk  unknown_because"
        "  stock_out_probability  stock_out_probability_without_it\n"
        "3  0  4.5  2.5  LOW  -  0.1  0.1\n1  2  -  -  UNKNOWN  no draw  -  -"
    ),
    "tank_inventory": (
        "tank_id  refinery_id  product_type  volume_barrels  measurement_timestamp  measurement_date\n"
        "T1  R1  Crude Oil  500  2024-01-01 00:00:00  2024-01-01\n"
        "T1  R1  Crude Oil  600  2024-01-10 23:00:00  2024-01-10"
    ),
    "crude_shipments": "refinery_id  volume_barrels  status  arrival_date\nR1  1100  DELIVERED  2024-01-05",
    "production_output": (
        "refinery_id  unit_id  input_volume_barrels  is_crude_unit  production_date\nR1  U1  1000  true  2024-01-06"
    ),
    "production_plans": "unit_id  plan_date  published_at\nU1  2024-01-06  2023-12-29 06:00:00",
    "plan_attainment": (
        "unit_id  production_date  charge_barrels  gap_barrels  gap_by_stand_barrels  gap_by_load_barrels"
        "  gap_by_unknown_barrels  reason\nU1  2024-01-06  1000  50.0  30.0  20.0  0.0  stand: power dip"
    ),
    "product_margin": (
        "refinery_id  production_date  product_value_usd  crude_cost_usd  margin_usd\nR1  2024-01-06  90.0  80.0  10.0"
    ),
    "work_orders": (
        "status  kind  opened_at  started_at  finished_at  cause_found\n"
        "OPEN  PREVENTIVE  2024-01-06 01:00:00  -  -  -\n"
        "FINISHED  CORRECTIVE  2024-01-06 01:00:00  2024-01-06 02:00:00  2024-01-06 03:00:00  Fouling"
    ),
    "maintenance_kpis": "units  planned_share\n1  0.5",
    "product_liftings": (
        "movement  tank_id  volume_barrels  started_at  finished_at  lifted_date\n"
        "LIFTING  T1  100  2024-01-06 01:00:00  2024-01-06 02:00:00  2024-01-06\n"
        "PIPELINE  -  50  2024-01-06 00:00:00  2024-01-06 23:59:59  2024-01-06"
    ),
    "product_movements": (
        "refinery_id  lifted_barrels  pipeline_barrels  purchased_barrels  stock_change_barrels  made_barrels\n"
        "R1  100  50  0  -30  120"
    ),
    "material_balance": (
        "refinery_id  balance_date  crude_charge_barrels  crude_charge_tonnes  product_tonnes  product_stock_change_tonnes"
        "  sulfur_recovered_tonnes  fuel_tonnes  loss_tonnes  mass_imbalance_tonnes\n"
        "R1  2024-01-06  1000  130.0  110.0  5.0  1.0  9.0  1.0  4.0"
    ),
    "market_prices": "price_date  benchmark_per_barrel\n2024-01-06  80.1\n2024-01-06  80.1\n2024-01-07  81.5",
}
SPOILED = [
    ("gold", "days_of_supply", "tanks_lost", "days_of_supply", "TANK", "REFINERY"),
    ("gold", "days_of_supply", "refineries_unknown", "days_of_supply", "R1", "R9"),
    ("gold", "inventory_forecast", "tanks_lost", "inventory_forecast", "T1", "T2"),
    ("gold", "inventory_forecast", "days_behind", "inventory_forecast", "2024-01-15", "2024-01-11"),
    ("gold", "crude_blend", "refineries_lost", "crude_blend", "R1", "R2"),
    ("gold", "crude_blend", "charges_apart", "crude_blend", "100.0  100.0", "101.0  100.0"),
    ("gold", "crude_blend", "tanks_drawn_apart", "crude_blend", "100.0  1.0", "100.0  0.4"),
    ("gold", "crude_blend", "tanks_incomplete", "crude_blend", "100.0  1.0", "100.0  0.4"),
    ("gold", "anomaly_alerts", "within_limits", "anomaly_alerts", "11.5", "9.5"),
    ("gold", "anomaly_alerts", "starts_later", "anomaly_alerts", "2024-01-14 09", "2024-01-14 11"),
    ("gold", "stock_out_risk", "chances_strange", "stock_out_risk", "0.1  0.1", "0.2  0.1"),
    ("gold", "stock_out_risk", "unexplained", "stock_out_risk", "LOW  -", "LOW  why"),
    ("gold", "crude_blend", "crudes_unknown", "crude_blend", "C1", "C9"),
    ("gold", "suspect_readings", "suspicion_strange", "suspect_readings", "spike", "hunch"),
    ("gold", "suspect_readings", "days_behind", "suspect_readings", "2024-01-14", "2024-01-01"),
    ("gold", "anomaly_alerts", "days_behind", "anomaly_alerts", "2024-01-14", "2024-01-01"),
    ("gold", "sensor_trust", "hours_behind", "sensor_trust", "3.5", "80.5"),
    ("gold", "inventory_status", "fill_percentage_strange", "inventory_status", "0.5", "1.5"),
    ("gold", "stock_out_risk", "days_negative", "stock_out_risk", "4.5", "-4.5"),
    ("silver", "tank_inventory", "refineries_unbalanced", "crude_shipments", "1100", "1300"),
    (
        "silver",
        "production_plans",
        "planned_twice",
        "production_plans",
        "U1",
        "U1  2024-01-06  2023-12-29 06:00:00\nU1",
    ),
    ("silver", "production_plans", "planned_late", "production_plans", "2023-12-29", "2024-01-29"),
    ("silver", "market_prices", "benchmarks_apart", "market_prices", "80.1\n2024-01-07", "80.4\n2024-01-07"),
    ("gold", "plan_attainment", "unit_days_lost", "plan_attainment", "U1", "U2"),
    ("gold", "plan_attainment", "parts_apart", "plan_attainment", "30.0", "35.0"),
    ("gold", "plan_attainment", "charge_apart", "plan_attainment", "1000", "900"),
    ("gold", "plan_attainment", "reasons_strange", "plan_attainment", "stand: power", "power"),
    ("silver", "work_orders", "causes_early", "work_orders", "01:00:00  -  -  -", "01:00:00  -  -  Fouling"),
    ("silver", "work_orders", "steps_apart", "work_orders", "OPEN", "FINISHED"),
    ("gold", "maintenance_kpis", "units_lost", "maintenance_kpis", "1  0.5", "0  0.5"),
    ("gold", "maintenance_kpis", "shares_strange", "maintenance_kpis", "0.5", "1.5"),
    ("silver", "product_liftings", "finished_early", "product_liftings", "06 02:00", "06 00:30"),
    ("silver", "product_liftings", "days_long", "product_liftings", "2024-01-06 01", "2024-01-05 01"),
    ("silver", "product_liftings", "tanks_strange", "product_liftings", "T1", "-"),
    ("gold", "product_movements", "barrels_lost", "product_movements", "100", "90"),
    ("gold", "product_movements", "made_apart", "product_movements", "-30", "-20"),
    ("gold", "material_balance", "days_lost", "material_balance", "R1", "R2"),
    ("gold", "material_balance", "masses_apart", "material_balance", "110.0", "112.0"),
    ("gold", "product_margin", "days_lost", "product_margin", "R1", "R2"),
    ("gold", "product_margin", "margins_apart", "product_margin", "10.0", "12.0"),
]
LEAST_FOUND = {"days_behind": 3, "hours_behind": 73}
MOST_SOUND = {"days_behind": 1, "hours_behind": 72}


@pytest.fixture
def lake(spark: SparkSession, table: TableOf) -> Iterator[dict[str, str]]:
    """Texts of tables, which become views as they are asked."""
    texts = dict(SOUND)
    yield texts
    for name in texts:
        spark.catalog.dropTempView(name)


def found(
    spark: SparkSession, table: TableOf, lake: Mapping[str, str], layer: str, name: str, metric: str
) -> float:
    for view, text in lake.items():
        table(text).createOrReplaceTempView(view)
    file = soda_folder("refinery") / layer / f"{name}.yml"
    (check,) = (
        how
        for each in written(file, name)
        if isinstance(each, dict)
        for line, how in each.items()
        if line.split()[0] == metric
    )
    sql = check.get(f"{metric} query") or f"select {check[f'{metric} expression']} from {name}"
    return float(spark.sql(sql.replace("${as_of}", AS_OF)).first()[0])


@pytest.mark.parametrize(("layer", "name", "metric", "spoiled", "right", "wrong"), SPOILED)
def test_a_written_check_finds_what_it_is_for_and_nothing_else(
    spark, table, lake, layer, name, metric, spoiled, right, wrong
):
    assert found(spark, table, lake, layer, name, metric) <= MOST_SOUND.get(metric, 0)

    head, rows = lake[spoiled].split("\n", 1)
    lake[spoiled] = f"{head}\n{rows.replace(right, wrong)}"

    assert found(spark, table, lake, layer, name, metric) >= LEAST_FOUND.get(metric, 1)
