import datetime as dt

import pytest

from domains.refinery.gold.product_yield import product_yield
from domains.refinery.gold.refinery_kpis import refinery_kpis
from domains.refinery.gold.unit_performance import unit_performance
from domains.refinery.gold.weekly_trend import weekly_trend
from domains.refinery.gold.yield_by_quality import yield_by_quality


def test_a_refinerys_day_counts_crude_once_and_downtime_by_unit_hours(table, refineries):
    """A crude unit and a coker, two hours each; the coker stood for one of the four unit-hours."""
    hours = table("""
        unit_id     is_crude_unit  input_volume_barrels  output_volume_barrels  coproduct_volume_barrels  energy_consumed_mmbtu  downtime_minutes  quality_grade  efficiency_ratio  refinery_id=REF-000  production_date=2024-01-02
        UNIT-00000  true           1000                  300                    690                       400                    0                 On-Spec        0.9
        UNIT-00000  true           1000                  200                    790                       400                    0                 Off-Spec       1.0
        UNIT-00001  false          500                   400                    95                        180                    0                 On-Spec        1.0
        UNIT-00001  false          0                     0                      0                         10                     60                -              -
    """)
    (row,) = refinery_kpis(hours, refineries).collect()
    assert (row.total_crude_processed, row.total_products_produced) == (2000, 1980)
    assert (row.overall_yield, row.capacity_utilization) == (pytest.approx(0.99), pytest.approx(0.02))
    assert row.energy_intensity == pytest.approx(990 / 1980)
    assert (row.total_downtime_minutes, row.downtime_percentage) == (60, 0.25)
    assert row.on_spec_rate == pytest.approx(2 / 3)
    assert row.efficiency_ratio == pytest.approx((900 + 1000 + 500) / 2500)
    assert (row.refinery_name, row.location_city, row.capacity_bpd) == ("Alpha", "Houston", 100000)


def test_a_week_is_compared_with_the_week_before(table):
    """8 January 2024 is a Monday. The week of the 22nd has none before it."""
    days = table("""
        production_date  total_crude_processed  capacity_utilization  energy_intensity  efficiency_ratio  refinery_id=REF-000  refinery_name=Alpha  capacity_bpd=1000  total_products_produced=900  total_downtime_minutes=144  unit_hours=24  on_spec_rate=0.9
        2024-01-07       800                    0.8                   0.5               0.90
        2024-01-08       900                    0.9                   0.4               0.95
        2024-01-14       950                    0.9                   0.4               0.95
        2024-01-22       900                    0.9                   0.4               0.95
    """)
    first, second, last = weekly_trend(days).orderBy("week_start").collect()
    assert [row.week_start.day for row in (first, second, last)] == [1, 8, 22]
    assert (second.days, second.total_crude_processed, second.capacity_utilization) == (2, 1850, 0.925)
    assert second.capacity_utilization_change == pytest.approx(0.125)
    assert (second.efficiency_ratio_change, second.energy_intensity_change) == (
        pytest.approx(0.05),
        pytest.approx(-0.1),
    )
    assert (first.capacity_utilization_change, last.capacity_utilization_change) == (None, None)
    assert first.downtime_percentage == pytest.approx(0.1)


def test_product_yield_is_that_of_crude_units_beside_the_typical_one(table, crude_types, products):
    hours = table("""
        input_crude_type_id  output_product_id  yield_percentage
        CRUDE-001            PROD-001           0.28
        CRUDE-001            PROD-001           0.30
        CRUDE-001            PROD-001           -
        -                    PROD-004           0.90
    """)
    (row,) = product_yield(hours, crude_types, products).collect()
    assert (row.crude_name, row.crude_class, row.sweetness, row.product_name) == (
        "WTI",
        "Light",
        "Sweet",
        "Regular Gasoline",
    )
    assert (row.avg_yield, row.min_yield, row.max_yield) == (pytest.approx(0.29), 0.28, 0.30)
    assert (row.sample_count, row.yield_stddev) == (2, pytest.approx(0.01414, abs=1e-5))
    assert row.yield_vs_typical == pytest.approx(0.04)


def test_a_yield_that_rises_with_gravity_shows_its_slope_and_correlation(table):
    """On a line of 0.01 a degree; sulphur of the three crudes goes down as gravity goes up."""
    crudes = table("""
        crude_type_id  api_gravity_typical  sulfur_content_typical
        A              20                   2.0
        B              30                   1.0
        C              40                   0.1
    """)
    yields = table("""
        crude_type_id  avg_yield  sample_count  product_id=P  product_name=Petrol  product_category=Gasoline
        A              0.20       10
        B              0.30       20
        C              0.40       10
    """)
    found = yield_by_quality(yields, crudes).orderBy("avg_yield").collect()
    assert [(row.api_gravity_band, row.sulfur_band) for row in found] == [
        ("below 22.3", "1.5 and above"),
        ("22.3 to 31.1", "0.5 to 1.5"),
        ("40 and above", "below 0.5"),
    ]
    assert {round(row.yield_per_api_gravity, 6) for row in found} == {0.01}
    assert {round(row.api_gravity_correlation, 6) for row in found} == {1.0}
    assert all(row.sulfur_correlation < -0.99 for row in found)


def test_one_crude_makes_no_line(table):
    crudes = table("""
        crude_type_id  api_gravity_typical  sulfur_content_typical
        A              20                   2.0
    """)
    yields = table("""
        crude_type_id  avg_yield  sample_count  product_id  product_name  product_category
        A              0.20       10            P           Petrol        Gasoline
    """)
    (row,) = yield_by_quality(yields, crudes).collect()
    assert (row.yield_per_api_gravity, row.api_gravity_correlation) == (None, None)


@pytest.fixture
def unit_hours(table):
    """Four cokers; the last one is weak, and its good hour lies in the future."""
    return table("""
        unit_id  production_hour      production_date  efficiency_ratio  downtime_minutes  refinery_id=R  unit_name=Cok  unit_type=Coker  unit_subtype=Delayed  input_volume_barrels=100  output_volume_barrels=80  coproduct_volume_barrels=19  energy_consumed_mmbtu=33.0  capacity_utilization=0.9
        A        2024-02-01 00:00:00  2024-02-01       1.00              0
        B        2024-02-01 00:00:00  2024-02-01       1.005             0
        C        2024-02-01 00:00:00  2024-02-01       0.995             0
        D        2024-02-01 00:00:00  2024-02-01       0.90              30
        D        2024-02-03 00:00:00  2024-02-03       1.50              0
        D        2023-12-01 00:00:00  2023-12-01       1.50              0
    """)


def test_a_unit_below_its_peers_and_its_design_is_named(unit_hours):
    found = unit_performance(unit_hours, dt.datetime(2024, 2, 2)).orderBy("unit_id").collect()
    assert [row.is_below_peers for row in found] == [False, False, False, True]
    assert [row.is_below_design for row in found] == [False, False, False, True]
    weak = found[3]
    assert (weak.hours, weak.peers, weak.peer_efficiency) == (1, 4, pytest.approx(0.9975))
    assert weak.efficiency_gap_to_peers == pytest.approx(-0.0975)
    assert (weak.downtime_percentage, weak.energy_per_barrel) == (0.5, pytest.approx(1 / 3))


def test_two_units_are_too_few_to_be_peers(unit_hours):
    two = unit_hours.where("unit_id in ('A', 'D')")
    assert not any(row.is_below_peers for row in unit_performance(two, dt.datetime(2024, 2, 2)).collect())
