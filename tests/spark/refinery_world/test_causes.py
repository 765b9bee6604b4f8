"""The data has reasons: what the analyses look for is in it."""

from collections.abc import Callable

import numpy as np
import pandas as pd
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from domains.refinery.world.failures import failure, with_failures
from domains.refinery.world.operation import efficiency, with_service
from domains.refinery.world.prices import brent
from domains.refinery.world.slates import crude_yield
from simulation.generate.rows import RowFactory
from tests.spark.refinery_world.conftest import as_pandas

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]


def efficiencies(
    spark: SparkSession,
    factory: RowFactory,
    *,
    hours: int,
    every: int,
    age: float = 10.0,
    sulfur: float = 1.2,
) -> pd.DataFrame:
    rows = spark.range(40).select(
        F.col("id").alias("_unit"), F.lit(180).alias("_interval"), F.lit(age).alias("_age_at_anchor")
    )
    hourly = rows.withColumn("_hour", F.explode(F.expr(f"sequence(35000L, {35000 + hours}L, {every}L)")))
    felt = hourly.transform(with_service, factory.world)
    return as_pandas(felt.withColumn("efficiency", efficiency(factory.world, F.lit(sulfur))))


def test_efficiency_falls_in_the_run_up_to_a_failure(spark: SparkSession, factory: RowFactory) -> None:
    rows = efficiencies(spark, factory, hours=6000, every=6)
    steady = rows[rows._hour < rows._run_up_from].groupby("_unit").efficiency.mean()
    last = (
        rows[(rows._hour < rows._failed) & (rows._hour >= rows._failed - 24)]
        .groupby("_unit")
        .efficiency.mean()
    )
    assert len(last) > 20
    assert (last < steady.reindex(last.index) - 0.04).all()


def test_efficiency_falls_with_days_since_maintenance(spark: SparkSession, factory: RowFactory) -> None:
    rows = efficiencies(spark, factory, hours=6000, every=24)
    steady = rows[rows._hour < rows._run_up_from].assign(since=lambda all_: all_._hour - all_._serviced)
    within = steady[["since", "efficiency"]] - steady.groupby("_unit")[["since", "efficiency"]].transform(
        "mean"
    )
    slope = np.polyfit(within.since / 24, within.efficiency, 1)[0]
    assert -0.03 / 180 * 1.6 < slope < -0.03 / 180 * 0.5


def test_efficiency_falls_with_age_and_with_sour_crude(spark: SparkSession, factory: RowFactory) -> None:
    young, old, sour = (
        efficiencies(spark, factory, hours=200, every=50, **given).efficiency.mean()
        for given in ({"age": 5.0}, {"age": 35.0}, {"age": 5.0, "sulfur": 3.2})
    )
    assert abs(young - old - 0.03) < 1e-6
    assert abs(young - sour - 0.016) < 1e-6


def test_units_fail_once_in_some_months_and_stand_for_hours(spark: SparkSession, factory: RowFactory) -> None:
    found = failure(factory.world, F.col("unit"), F.col("number"))
    rows = spark.range(50).select(
        F.col("id").alias("unit"), F.explode(F.expr("sequence(5L, 14L)")).alias("number")
    )
    times = as_pandas(rows.select(
        "unit", found.failed.alias("failed"), (found.failed - found.run_up_from).alias("run_up"),
        (found.repaired - found.failed).alias("down"),
    )).sort_values(["unit", "failed"])  # fmt: skip
    days_between = times.groupby("unit").failed.diff().dropna() / 24
    assert days_between.min() > 40
    assert 150 < days_between.mean() < 220
    assert times.run_up.between(3 * 24, 10 * 24).all()
    assert times.down.between(8, 48).all()


def test_an_hour_knows_the_failure_that_is_on_or_next(spark: SparkSession, factory: RowFactory) -> None:
    hours = spark.range(30000, 42000, 7).select(
        F.lit(3).cast("long").alias("_unit"), F.col("id").alias("_hour")
    )
    rows = as_pandas(with_failures(hours, factory.world, unit=F.col("_unit"), hour=F.col("_hour")))
    assert (rows._hour < rows._repaired).all()
    assert (rows._hour >= rows._last_repaired).all()
    assert rows._failed.nunique() > 1


def test_a_standing_unit_makes_nothing_and_says_why(made: Made) -> None:
    rows = made("production_output")
    standing = rows[rows.downtime_minutes == 60]
    assert (standing.input_volume_barrels == 0).all()
    assert standing.yield_percentage.isna().all()
    assert rows.downtime_cause.notna().equals(rows.downtime_minutes > 0)


def test_light_crude_gives_more_gasoline_and_less_residual(spark: SparkSession) -> None:
    hours = spark.range(9).select(F.col("id").alias("hour"))
    slate, turns, sulfur = F.lit(0), F.lit(1), F.lit(1.2)
    light, heavy = (
        crude_yield(slate, F.col("hour"), turns, F.lit(api), sulfur).alias(name)
        for name, api in (("light", 43.0), ("heavy", 23.0))
    )
    rows = as_pandas(hours.select("hour", light, heavy)).set_index("hour")
    gasoline, residual = rows.loc[0], rows.loc[7]
    assert gasoline.light > gasoline.heavy
    assert residual.light < residual.heavy
    assert abs((gasoline.light + gasoline.heavy) / 2 - 0.25) < 1e-9


def test_crude_found_in_a_shipment_is_the_crude_it_was_sold_as(made: Made, dimension: Dimension) -> None:
    tests = made("quality_tests").query("sample_source_type == 'Crude Shipment'")
    shipments = made("crude_shipments").drop_duplicates("shipment_id")[["shipment_id", "crude_type_id"]]
    found = tests.merge(shipments, left_on="sample_source_id", right_on="shipment_id").merge(
        dimension("crude_types"), on="crude_type_id"
    )
    assert ((found.api_gravity - found.api_gravity_typical).abs() < 2.5).all()
    assert (found.sulfur_content_pct / found.sulfur_content_typical).between(0.6, 1.4).mean() > 0.99


def test_octane_is_of_gasoline_and_cetane_of_diesel_only(made: Made, dimension: Dimension) -> None:
    products = dimension("products").set_index("product_id").product_category
    tests = made("quality_tests").query("sample_source_type == 'Product Output'")
    output = made("production_output").set_index("output_id").output_product_id
    category = tests.sample_source_id.map(output).map(products)
    assert tests.octane_number.notna().equals(category == "Gasoline")
    assert tests.cetane_number.notna().equals(category == "Diesel")
    crude = made("quality_tests").query("sample_source_type == 'Crude Shipment'")
    assert crude.octane_number.isna().all()
    assert crude.cetane_number.isna().all()


def test_a_failed_crude_is_wet_and_a_passed_one_is_not(made: Made) -> None:
    water = made("quality_tests").groupby("test_result_status").water_sediment_pct.agg(["min", "max"])
    assert water.loc["FAIL", "min"] >= 1.0
    assert water.loc["PASS", "max"] < 0.5


def test_shipments_go_through_their_steps_in_order(made: Made) -> None:
    rows = made("crude_shipments").sort_values("updated_at")
    rank = rows.status.map({"SCHEDULED": 0, "IN_TRANSIT": 1, "DELAYED": 2, "DELIVERED": 3})
    assert (rank.groupby(rows.shipment_id).diff().dropna() > 0).all()
    assert (rows.updated_at >= rows.created_at).all()
    assert (pd.to_datetime(rows.arrival_date) >= pd.to_datetime(rows.expected_arrival_date)).all()
    late = rows[rows.status == "DELAYED"]
    assert (pd.to_datetime(late.arrival_date) > pd.to_datetime(late.expected_arrival_date)).all()


def test_crude_costs_brent_and_its_differential(made: Made, dimension: Dimension) -> None:
    rows = made("crude_shipments").merge(dimension("crude_types"), on="crude_type_id")
    base = (
        (rows.price_per_barrel - rows.benchmark_price_differential)
        .groupby(pd.to_datetime(rows.shipment_date))
        .agg(["mean", "count"])
    )
    daily = base[base["count"] >= 5]["mean"]
    assert daily.between(60, 100).all()
    assert daily.diff().abs().max() < 3
    assert np.allclose(rows.total_cost, rows.price_per_barrel * rows.volume_barrels, atol=0.01)


def test_brent_wanders(spark: SparkSession, factory: RowFactory) -> None:
    at = F.timestamp_seconds(F.col("id") * 86_400)
    path = as_pandas(spark.range(18000, 20000).select(brent(factory.world, at).alias("price"))).price
    assert path.between(55, 105).all()
    assert path.std() > 3
    assert path.autocorr(1) > 0.95
