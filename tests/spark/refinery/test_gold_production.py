import datetime as dt

import pytest

from domains.refinery.gold.product_yield import product_yield
from domains.refinery.gold.refinery_kpis import refinery_kpis
from domains.refinery.gold.unit_performance import unit_performance
from domains.refinery.gold.weekly_trend import weekly_trend
from domains.refinery.gold.yield_by_quality import yield_by_quality


@pytest.fixture
def hours(table):
    """A crude unit and a coker, two hours each; the coker stood for one of the four unit-hours."""
    return table("""
        unit_id     production_hour      is_crude_unit  input_crude_type_id  input_volume_barrels  output_volume_barrels  coproduct_volume_barrels  energy_consumed_mmbtu  downtime_minutes  quality_grade  efficiency_ratio  refinery_id=REF-000  production_date=2024-01-02
        UNIT-00000  2024-01-02 05:00:00  true           CRUDE-001            1000                  300                    690                       400                    0                 On-Spec        0.9
        UNIT-00000  2024-01-02 06:00:00  true           CRUDE-008            1000                  200                    790                       400                    0                 Off-Spec       1.0
        UNIT-00001  2024-01-02 05:00:00  false          -                    500                   400                    95                        180                    0                 Premium        1.0
        UNIT-00001  2024-01-02 06:00:00  false          -                    0                     0                      0                         10                     60                -              -
    """)


def test_a_refinerys_day_counts_crude_once_and_downtime_by_unit_hours(hours, refineries, crude_types):
    """2,000 barrels in two hours are 24,000 a day of 100,000."""
    (row,) = refinery_kpis(hours, refineries, crude_types).collect()
    assert (row.total_crude_processed, row.total_products_produced) == (2000, 1980)
    assert (row.overall_yield, row.capacity_utilization) == (pytest.approx(0.99), pytest.approx(0.24))
    assert row.energy_intensity == pytest.approx(990 / 1980)
    assert (row.total_downtime_minutes, row.downtime_percentage) == (60, 0.25)
    assert (row.on_spec_rate, row.graded_hours) == (pytest.approx(2 / 3), 3)
    assert row.efficiency_ratio == pytest.approx((900 + 1000 + 500) / 2500)
    assert (row.refinery_name, row.location_city, row.capacity_bpd) == ("Alpha", "Houston", 100000)
    assert (row.coverage, row.unit_hours) == (1, 4)


def test_an_hour_that_was_set_aside_is_no_hour_without_charge(hours, refineries, crude_types):
    """Of the crude unit's two hours one is missing, whatever it charged: the other stands for both."""
    seen = hours.where("NOT (unit_id = 'UNIT-00000' AND production_hour = '2024-01-02 06:00:00')")
    (row,) = refinery_kpis(seen, refineries, crude_types).collect()
    assert (row.total_crude_processed, row.crude_barrels_per_day) == (1000, 24000)
    assert (row.capacity_utilization, row.coverage) == (pytest.approx(0.24), 0.75)
    assert row.energy_intensity == pytest.approx((400 + 95) / 990)


def test_a_days_diet_is_mixed_by_volume_and_by_weight(hours, refineries, crude_types):
    """WTI of 39.6 °API weighs 0.8270, Maya of 22.0 weighs 0.9218; half and half 0.8744, which is 30.3 °API."""
    (row,) = refinery_kpis(hours, refineries, crude_types).collect()
    light, heavy = 141.5 / (131.5 + 39.6), 141.5 / (131.5 + 22.0)
    assert row.charge_api_gravity == pytest.approx(141.5 / ((light + heavy) / 2) - 131.5)
    assert row.charge_sulfur_pct == pytest.approx((light * 0.24 + heavy * 3.3) / (light + heavy))


def test_a_week_is_compared_with_the_week_before(table):
    """8 January 2024 is a Monday. The week of the 22nd has none before it."""
    days = table("""
        production_date  total_crude_processed  capacity_utilization  energy_intensity  efficiency_ratio  refinery_id=REF-000  refinery_name=Alpha  capacity_bpd=1000  total_products_produced=900  total_downtime_minutes=144  unit_hours=24  on_spec_rate=0.9  graded_hours=20  efficiency_charge=800  coverage=1.0
        2024-01-07       800                    0.8                   0.5               0.90
        2024-01-08       900                    0.9                   0.4               0.95
        2024-01-14       950                    0.95                  0.4               0.95
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
        input_crude_type_id  output_product_id  yield_percentage  input_volume_barrels
        CRUDE-001            PROD-001           0.28              300
        CRUDE-001            PROD-001           0.30              100
        CRUDE-001            PROD-001           -                 0
        -                    PROD-004           0.90              50
    """)
    (row,) = product_yield(hours, crude_types, products).collect()
    assert (row.crude_name, row.crude_class, row.sweetness, row.product_name) == (
        "WTI",
        "Light",
        "Sweet",
        "Regular Gasoline",
    )
    assert (row.avg_yield, row.min_yield, row.max_yield) == (pytest.approx(0.285), 0.28, 0.30)
    assert (row.sample_count, row.yield_stddev) == (2, pytest.approx(0.01414, abs=1e-5))
    assert row.yield_vs_typical == pytest.approx(0.035)


@pytest.fixture
def planes(table):
    """Yield = level of the unit + 0.01 a degree - 0.02 a per cent of sulphur; the good unit U runs the light, sweet
    crudes and the bad unit V the heavy, sour ones."""
    crudes = table("""
        crude_type_id  api_gravity_typical  sulfur_content_typical
        A              20                   2.0
        B              30                   1.0
        C              40                   0.5
        D              35                   1.5
    """)
    hours = table("""
        unit_id  input_crude_type_id  output_product_id  yield_percentage
        U        C                    P                  0.59
        U        B                    P                  0.48
        U        D                    P                  0.52
        V        A                    P                  0.16
        V        B                    P                  0.28
        V        D                    P                  0.32
        V        A                    Q                  0.50
        V        B                    P                  -
    """)
    yields = table("""
        crude_type_id  avg_yield  sample_count  product_id  product_name=Petrol  product_category=Gasoline
        A              0.16       1             P
        B              0.38       2             P
        C              0.59       1             P
        D              0.42       2             P
        A              0.50       1             Q
    """)
    return yield_by_quality(yields, hours, crudes)


def test_gravity_sulphur_and_unit_are_told_apart(planes):
    found = planes.where("product_id = 'P'").orderBy("avg_yield").collect()
    assert [(row.api_gravity_band, row.sulfur_band) for row in found] == [
        ("below 22.3", "1.5 and above"),
        ("22.3 to 31.1", "0.5 to 1.5"),
        ("31.1 to 40", "1.5 and above"),
        ("40 and above", "0.5 to 1.5"),
    ]
    assert {round(row.yield_per_api_gravity, 6) for row in found} == {0.01}
    assert {round(row.yield_per_sulfur, 6) for row in found} == {-0.02}
    assert {(round(row.api_gravity_correlation, 3), round(row.sulfur_correlation, 3)) for row in found} == {
        (1, -1)
    }
    assert {round(row.product_avg_yield, 6) for row in found} == {round(2.35 / 6, 6)}


def test_one_crude_makes_no_plane(planes):
    (row,) = planes.where("product_id = 'Q'").collect()
    assert (row.yield_per_api_gravity, row.yield_per_sulfur, row.api_gravity_correlation) == (
        None,
        None,
        None,
    )


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
