"""The data has reasons: what the analyses look for is in it."""

from collections.abc import Callable

import numpy as np
import pandas as pd

from domains.refinery.sources.crude_shipments import brent
from domains.refinery.world.failures import MODES, failure_of, failures_around
from domains.refinery.world.operation import Stand, Units, efficiency_of, services_around
from domains.refinery.world.slates import crude_yield
from simulation.generate.row_maker import RowMaker

Made = Callable[..., pd.DataFrame]
Dimension = Callable[[str], pd.DataFrame]


def efficiencies(
    maker: RowMaker, *, hours: int, every: int, age: float = 10.0, sulfur: float = 1.2
) -> pd.DataFrame:
    unit, hour = (
        each.ravel()
        for each in np.meshgrid(np.arange(40), np.arange(35_000, 35_001 + hours, every), indexing="ij")
    )
    given = {name: np.zeros(40) for name in Units.__annotations__} | {
        "age": np.full(40, age),
        "interval": np.full(40, 180),
    }
    failure, before = failures_around(maker.world, unit, hour)
    _, done = services_around(maker.world, unit, np.full(len(unit), 180), hour)
    since = np.maximum(done, before.repaired)
    none = np.zeros(len(unit))
    stand = Stand(none, none - 1, since, none, none, none, failure)
    found = efficiency_of(maker.world, Units(**given), unit, hour, stand, np.full(len(unit), sulfur))
    return pd.DataFrame(
        {"unit": unit, "hour": hour, "since": hour - since, "efficiency": found, "run_up_from": failure.run_up_from,
         "failed": failure.failed, "mode": np.array(MODES)[failure.mode]}
    )  # fmt: skip


def test_efficiency_falls_in_the_run_up_to_a_failure(maker: RowMaker) -> None:
    rows = efficiencies(maker, hours=6000, every=6).query("mode != 'sudden'")
    steady = rows[rows.hour < rows.run_up_from].groupby("unit").efficiency.mean()
    last = rows[(rows.hour < rows.failed) & (rows.hour >= rows.failed - 24)].groupby("unit").efficiency.mean()
    both = last.index.intersection(steady.index)
    assert len(both) > 15
    assert (last[both] < steady[both] - 0.03).all()


def test_efficiency_falls_with_days_since_maintenance(maker: RowMaker) -> None:
    rows = efficiencies(maker, hours=6000, every=24)
    steady = rows[rows.hour < rows.run_up_from]
    within = steady[["since", "efficiency"]] - steady.groupby("unit")[["since", "efficiency"]].transform(
        "mean"
    )
    slope = np.polyfit(within.since / 24, within.efficiency, 1)[0]
    assert -0.03 / 180 * 1.6 < slope < -0.03 / 180 * 0.5


def test_efficiency_falls_with_age_and_with_sour_crude(maker: RowMaker) -> None:
    young, old, sour = (
        efficiencies(maker, hours=200, every=50, **given).efficiency.mean()
        for given in ({"age": 5.0}, {"age": 35.0}, {"age": 5.0, "sulfur": 3.2})
    )
    assert abs(young - old - 0.03) < 1e-6
    assert abs(young - sour - 0.016) < 1e-6


def test_units_fail_once_in_some_months_in_several_ways_and_stand_for_hours(maker: RowMaker) -> None:
    unit, number = (each.ravel() for each in np.meshgrid(np.arange(50), np.arange(5, 15), indexing="ij"))
    found = failure_of(maker.world, unit, number)
    days_between = np.diff(found.failed.reshape(50, 10), axis=1) / 24
    assert days_between.min() > 40
    assert 150 < days_between.mean() < 220
    is_sudden = np.array(MODES)[found.mode] == "sudden"
    run_up = found.failed - found.run_up_from
    assert ((run_up[~is_sudden] >= 3 * 24) & (run_up[~is_sudden] <= 10 * 24)).all()
    assert (run_up[is_sudden] <= 6).all()
    assert ((found.repaired - found.failed >= 8) & (found.repaired - found.failed <= 48)).all()
    assert len(np.unique(found.mode)) == len(MODES)


def test_an_hour_knows_the_failure_that_is_on_or_next(maker: RowMaker) -> None:
    hours = np.arange(30_000, 42_000, 7)
    on, before = failures_around(maker.world, np.full(len(hours), 3), hours)
    assert (hours < on.repaired).all()
    assert (hours >= before.repaired).all()
    assert len(np.unique(on.failed)) > 1


def test_a_standing_unit_makes_nothing_and_says_why(made: Made) -> None:
    rows = made("production_output")
    standing = rows[rows.downtime_minutes == 60]
    assert len(standing)
    assert (standing.input_volume_barrels == 0).all()
    assert standing.yield_percentage.isna().all()
    assert rows.downtime_cause.notna().equals(rows.downtime_minutes > 0)


def test_light_crude_gives_more_gasoline_and_less_residual() -> None:
    gasoline, residual = 0, 10
    light, heavy = (crude_yield(np.array([gasoline, residual]), api, np.array(1.2)) for api in (43.0, 23.0))
    assert light[0] > heavy[0]
    assert abs((light[0] + heavy[0]) / 2 - 0.25) < 1e-9
    assert light[1] < heavy[1]


def test_a_sulphur_plant_makes_what_the_crude_brings(made: Made, dimension: Dimension) -> None:
    """Tons a day within what three fifths of the sulphur of all crude charged come to."""
    units, crudes = dimension("processing_units"), dimension("crude_types").set_index("crude_type_id")
    rows = made("production_output").merge(units[["unit_id", "unit_subtype"]], on="unit_id")
    plants = rows[rows.unit_subtype == "Claus"]
    assert len(plants)
    charged = rows.dropna(subset="input_crude_type_id")
    api, percent = (
        charged.input_crude_type_id.map(crudes[name])
        for name in ("api_gravity_typical", "sulfur_content_typical")
    )
    tons_in = charged.input_volume_barrels * 0.159 * 141.5 / (131.5 + api) * percent / 100
    tons_out = plants.output_volume_barrels * 0.159 * 1.95
    share = (tons_out.groupby(plants.refinery_id).sum() / tons_in.groupby(charged.refinery_id).sum()).dropna()
    assert share.between(0.3, 0.75).all()


def test_crude_found_in_a_shipment_is_the_crude_it_was_sold_as(made: Made, dimension: Dimension) -> None:
    tests = made("quality_tests").query("sample_source_type == 'Crude Shipment'")
    shipments = made("crude_shipments").drop_duplicates("shipment_id")[["shipment_id", "crude_type_id"]]
    found = tests.merge(shipments, left_on="sample_source_id", right_on="shipment_id").merge(
        dimension("crude_types"), on="crude_type_id"
    )
    assert len(found) > 100
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


def test_an_hour_off_the_specification_does_not_pass_the_laboratory(made: Made) -> None:
    tests = made("quality_tests").query("sample_source_type == 'Product Output'")
    grade = tests.sample_source_id.map(made("production_output").set_index("output_id").quality_grade)
    off = tests[grade == "Off-Spec"]
    assert len(off) > 5
    assert "PASS" not in set(off.test_result_status)
    assert (tests[grade == "On-Spec"].test_result_status == "FAIL").mean() < 0.03


def test_a_failed_sample_is_wet_and_a_passed_one_is_not(made: Made) -> None:
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


def test_no_pipeline_crosses_a_sea(made: Made, dimension: Dimension) -> None:
    rows = made("crude_shipments").merge(
        dimension("refineries")[["refinery_id", "location_country"]], on="refinery_id"
    )
    by_land = rows[rows.transport_mode.isin(["Pipeline", "Rail"])]
    assert set(by_land.location_country) <= {"USA"}
    assert set(by_land.origin_port) <= {"Houston", "Corpus Christi", "Louisiana Offshore"}
    assert rows.vessel_name.notna().equals(rows.transport_mode.isin(["Tanker", "Barge"]))


def test_suppliers_differ_in_how_often_they_are_late(maker: RowMaker) -> None:
    from domains.refinery.world.crude_supply import arrived_hour, due_hour, supplier_of

    home, parcel = (each.ravel() for each in np.meshgrid(np.arange(3), np.arange(10_000), indexing="ij"))
    late = arrived_hour(maker.world, home, parcel) >= due_hour(parcel) + 24
    shares = pd.Series(late).groupby(supplier_of(maker.world, home, parcel)).mean()
    assert shares.min() < 0.1
    assert shares.max() > 0.4


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


def test_brent_wanders(maker: RowMaker) -> None:
    path = pd.Series(brent(maker.world, np.arange(18_000, 20_000) * 86_400))
    assert path.between(55, 105).all()
    assert path.std() > 3
    assert path.autocorr(1) > 0.95
