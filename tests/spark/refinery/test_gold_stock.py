import datetime as dt

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.gold.crude_blend import crude_blend
from domains.refinery.gold.days_of_supply import days_of_supply
from domains.refinery.gold.delivery_performance import delivery_performance
from domains.refinery.gold.inventory_forecast import inventory_forecast
from domains.refinery.gold.inventory_status import inventory_status
from domains.refinery.gold.stock_out_risk import stock_out_risk
from domains.refinery.gold.tank_days import tank_days

AS_OF = dt.datetime(2024, 1, 10, 12)


def test_tank_status_follows_the_seeds_order(table, refineries):
    """The last two have limits that overlap the general ones: the tank's own minimum comes first."""
    tanks = table("""
        tank_id  min_operating_level  max_operating_level  refinery_id=REF-000  tank_name=TK  product_type=Crude Oil  capacity_barrels=1000  is_active=true  version=1  effective_from=2024-01-01 00:00:00  effective_to=9999-12-31 00:00:00
        A        0.1                  0.95
        B        0.1                  0.95
        C        0.1                  0.95
        D        0.1                  0.95
        E        0.1                  0.95
        F        0.3                  0.95
        G        0.1                  0.80
    """)
    levels = table("""
        tank_id  fill_percentage  measurement_timestamp=2024-01-10 00:00:00  volume_barrels=1
        A        0.09
        B        0.24
        C        0.96
        D        0.86
        E        0.25
        F        0.24
        G        0.86
    """)
    found = inventory_status(levels, tanks, refineries, AS_OF).orderBy("tank_id").collect()
    assert [row.inventory_status for row in found] == [
        "CRITICALLY_LOW",
        "LOW",
        "OVER_FILLED",
        "NEAR_CAPACITY",
        "NORMAL",
        "CRITICALLY_LOW",
        "OVER_FILLED",
    ]


def test_the_latest_level_as_of_the_run_counts(table, storage_tanks, refineries):
    levels = table("""
        tank_id     fill_percentage  measurement_timestamp  volume_barrels
        TANK-00000  0.50             2024-01-10 11:45:00    50000
        TANK-00000  0.40             2024-01-10 11:30:00    40000
        TANK-00000  0.05             2024-01-10 12:15:00    5000
    """)
    (row,) = inventory_status(levels, storage_tanks, refineries, AS_OF).collect()
    assert (row.current_volume, row.fill_percentage, row.inventory_status) == (50000, 0.5, "NORMAL")
    assert (str(row.last_measured), row.refinery_name) == ("2024-01-10 11:45:00", "Alpha")


def test_a_tanks_day_adds_up_what_came_and_went(table):
    levels = table("""
        tank_id  measurement_timestamp  volume_barrels  refinery_id=R  product_type=Crude Oil  crude_type_id=C  measurement_date=2024-01-10
        T        2024-01-10 00:00:00    100
        T        2024-01-10 08:00:00    150
        T        2024-01-10 04:00:00    70
        T        2024-01-10 12:00:00    140
    """)
    (row,) = tank_days(levels).collect()
    assert (row.opening_barrels, row.closing_barrels) == (100, 140)
    assert (row.received_barrels, row.drawn_barrels, row.hours_observed) == (80, 40, 12)


@pytest.fixture
def days(table):
    """Two days of a crude tank (100,000 barrels, minimum 10,000), one of a gasoline tank, one still to come."""
    closed = table("""
        tank_id     measurement_date  closed_at            closing_barrels  drawn_barrels  crude_type_id  refinery_id=REF-000  hours_observed=24
        TANK-00000  2024-01-08        2024-01-08 23:45:00  60000            9000           CRUDE-001
        TANK-00000  2024-01-09        2024-01-09 23:45:00  50000            11000          CRUDE-001
        TANK-00001  2024-01-09        2024-01-09 23:45:00  40000            0              -
        TANK-00000  2024-01-11        2024-01-11 23:45:00  99999            99999          CRUDE-001
    """)
    kind = F.when(F.col("tank_id") == "TANK-00000", "Crude Oil").otherwise("Gasoline")
    return closed.withColumn("product_type", kind)


def charged(table, barrels: int):
    """The last day is not over as of the run, so what it was charged with so far says nothing."""
    return table(f"""
        refinery_id  production_date  total_crude_processed
        REF-000      2024-01-08       {barrels}
        REF-000      2024-01-09       {barrels}
        REF-000      2024-01-10       1
    """)


def test_days_of_supply_count_from_the_minimum_level(table, days, storage_tanks):
    """(50,000 - 10,000) / 10,000 a day; the tank that nobody draws from has no end."""
    supply = days_of_supply(days, storage_tanks, charged(table, 9000), AS_OF)
    found = {(row.level, row.product_type): row for row in supply.collect()}
    crude = found["TANK", "Crude Oil"]
    assert (crude.usable_barrels, crude.daily_draw_barrels, crude.days_of_supply) == (40000, 10000, 4)
    assert found["TANK", "Gasoline"].days_of_supply is None
    assert (found["REFINERY", "Crude Oil"].days_of_supply, found["REFINERY", "Crude Oil"].tank_id) == (
        4,
        None,
    )
    assert found["PRODUCT_TYPE", "Crude Oil"].refinery_id is None
    assert len(found) == 6


def test_what_a_level_hides_while_a_parcel_comes_in_is_drawn_all_the_same(table, days, storage_tanks):
    """Levels tell of 10,000 barrels a day, the crude units were charged with 16,000: 40,000 last 2.5 days."""
    supply = days_of_supply(days, storage_tanks, charged(table, 16000), AS_OF)
    (crude,) = supply.where("level = 'TANK' AND product_type = 'Crude Oil'").collect()
    assert (crude.daily_draw_barrels, crude.days_of_supply) == (16000, 2.5)


def test_the_forecast_begins_after_the_last_day_that_is_known_as_of_the_run(days, storage_tanks):
    found = inventory_forecast(days, storage_tanks, AS_OF).where("tank_id = 'TANK-00000'")
    rows = found.orderBy("days_ahead").collect()
    assert [str(row.forecast_date) for row in rows[:2]] == ["2024-01-10", "2024-01-11"]
    assert [row.expected_barrels for row in rows[:2]] == [40000, 30000]
    assert str(rows[0].reaches_min_on) == "2024-01-14"


@pytest.fixture
def supply(table):
    return table("""
        level     product_type  refinery_id  tank_id     days_of_supply  daily_draw_barrels
        REFINERY  Crude Oil     REF-000      -           4.0             10000.0
        TANK      Crude Oil     REF-000      TANK-00000  2.0             5000.0
    """)


def test_a_late_shipment_is_a_risk_when_the_stock_ends_before_it_comes(table, supply):
    """Four days of supply on the 10th: until the 14th. The last three are not late, delivered, or unknown yet."""
    shipments = table("""
        shipment_id  status      expected_arrival_date  arrival_date  updated_at           refinery_id=REF-000  refinery_name=Alpha  crude_name=WTI  supplier_id=SUPP-001  transport_mode=Tanker  volume_barrels=20000  destination_tank_id=TANK-00000
        A            DELAYED     2024-01-08             2024-01-15    2024-01-09 00:00:00
        B            IN_TRANSIT  2024-01-08             2024-01-13    2024-01-09 00:00:00
        C            IN_TRANSIT  2024-01-09             2024-01-11    2024-01-09 00:00:00
        D            IN_TRANSIT  2024-01-12             2024-01-12    2024-01-09 00:00:00
        E            DELIVERED   2024-01-07             2024-01-09    2024-01-09 00:00:00
        F            DELAYED     2024-01-08             2024-01-15    2024-01-11 00:00:00
    """)
    found = stock_out_risk(shipments, supply, AS_OF).orderBy("shipment_id").collect()
    assert [(row.shipment_id, row.risk) for row in found] == [("A", "HIGH"), ("B", "MEDIUM"), ("C", "LOW")]
    assert [(row.days_late, row.days_until_arrival) for row in found] == [(7, 5), (5, 3), (2, 1)]
    assert (found[0].days_of_supply, found[0].tank_days_of_supply, found[0].days_it_would_last) == (4, 2, 2)


def test_only_what_was_delivered_is_on_time_or_late(table):
    """Of three in the week of Monday 8 January two came in time; the fourth is still under way."""
    shipments = table("""
        status      arrival_date  days_delayed  volume_barrels  total_cost  api_gravity_variance  supplier_id=SUPP-001  transport_mode=Tanker  sulfur_variance=0.1
        DELIVERED   2024-01-08    0             100             8000        1.0
        DELIVERED   2024-01-10    -1            200             16000       -1.0
        DELIVERED   2024-01-14    4             300             30000       1.0
        IN_TRANSIT  2024-01-14    9             300             30000       1.0
    """)
    (row,) = delivery_performance(shipments).collect()
    assert (row.week_start, row.shipments) == (dt.date(2024, 1, 8), 3)
    assert (row.on_time_rate, row.avg_days_delayed, row.max_days_delayed) == (pytest.approx(2 / 3), 1, 4)
    assert (row.volume_barrels, row.volume_variation, row.cost_per_barrel) == (600, 0.5, 90)


@pytest.fixture
def deliveries(table):
    """The tank closes at 50,000: all of the last parcel is in it, and 20,000 of the one before."""
    return table("""
        shipment_id  crude_type_id  crude_name  arrival_date  volume_barrels  price_per_barrel  api_gravity_actual  sulfur_content_actual  updated_at           status=DELIVERED  destination_tank_id=TANK-00000
        S1           CRUDE-001      WTI         2024-01-01    40000           80.0              32.0                0.3                    2024-01-01 00:00:00
        S2           CRUDE-008      Maya        2024-01-05    40000           60.0              32.0                3.3                    2024-01-05 00:00:00
        S3           CRUDE-001      WTI         2024-01-09    30000           90.0              32.0                0.3                    2024-01-09 00:00:00
        S4           CRUDE-008      Maya        2024-01-11    90000           10.0              32.0                3.3                    2024-01-11 00:00:00
    """)


def blended(days, storage_tanks, deliveries, processing_units, refineries):
    rows = crude_blend(days, storage_tanks, deliveries, processing_units, refineries, AS_OF)
    return {row.crude_type_id: row for row in rows.orderBy("crude_type_id").collect()}


def test_the_cheapest_blend_within_the_limits_is_found(
    days, storage_tanks, deliveries, processing_units, refineries
):
    """Complexity 9: at most 1.3 % sulphur, so a third of the 24,000 barrels may be sour: 0.3 + 3.0 s <= 1.3."""
    found = blended(days, storage_tanks, deliveries, processing_units, refineries)
    sour, sweet = found["CRUDE-008"], found["CRUDE-001"]
    assert (sweet.status, sweet.available_barrels, sour.available_barrels) == ("OPTIMAL", 24000, 16000)
    assert (sour.blend_barrels, sweet.blend_barrels) == (pytest.approx(8000), pytest.approx(16000))
    assert (sour.blend_sulfur_pct, sour.blend_cost_per_barrel) == (pytest.approx(1.3), pytest.approx(80))
    assert (sour.stock_cost_per_barrel, sour.saving_per_day) == (pytest.approx(78), pytest.approx(-48000))
    assert sour.binding_limits == "sulphur too high"


def test_a_refinery_without_a_blend_says_why(days, storage_tanks, deliveries, processing_units, refineries):
    greedy = processing_units.withColumn("capacity_bpd", F.lit(60000))
    (row,) = blended(days, storage_tanks, deliveries, greedy, refineries).values()
    assert (row.refinery_id, row.status) == ("REF-000", "INFEASIBLE")
    assert row.reason == "stock is 20,000 barrels short of a day's charge"


def test_later_without_news_changes_no_stock_and_no_forecast(table, days, storage_tanks):
    later, charges = AS_OF + dt.timedelta(hours=6), charged(table, 16000)

    def stock(at: dt.datetime) -> DataFrame:
        return days_of_supply(days, storage_tanks, charges, at)

    def levels(at: dt.datetime) -> DataFrame:
        return inventory_forecast(days, storage_tanks, at)

    for made in (stock, levels):
        before, after = (sorted(map(str, made(at).collect())) for at in (AS_OF, later))
        assert before == after
