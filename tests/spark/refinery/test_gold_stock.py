import datetime as dt

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from domains.refinery.gold.crude_blend import crude_blend, values_of_crude
from domains.refinery.gold.days_of_supply import days_of_supply
from domains.refinery.gold.delivery_performance import delivery_performance
from domains.refinery.gold.inventory_forecast import inventory_forecast
from domains.refinery.gold.inventory_status import inventory_status
from domains.refinery.gold.stock_out_risk import stock_out_risk
from domains.refinery.gold.tank_days import tank_days
from tests.spark.refinery.conftest import EVER

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
        tank_id  measurement_timestamp  volume_barrels  refinery_id=R  product_type=Crude Oil  crude_type_id=C  product_id=P  measurement_date=2024-01-10
        T        2024-01-10 00:00:00    100
        T        2024-01-10 08:00:00    150
        T        2024-01-10 04:00:00    70
        T        2024-01-10 12:00:00    140
    """)
    (row,) = tank_days(levels).collect()
    assert (row.opening_barrels, row.closing_barrels) == (100, 140)
    assert (row.received_barrels, row.drawn_barrels, row.hours_observed) == (80, 40, 12)
    assert (row.rising_hours, row.falling_hours) == (4, 8)


@pytest.fixture
def days(table):
    """Two days of a crude tank (100,000 barrels, minimum 10,000), one of a gasoline tank, one still to come."""
    closed = table("""
        tank_id     measurement_date  closed_at            closing_barrels  drawn_barrels  received_barrels  rising_hours  falling_hours  crude_type_id  refinery_id=REF-000  hours_observed=24  opening_barrels=60000
        TANK-00000  2024-01-08        2024-01-08 23:45:00  60000            9000           0                 0             24             CRUDE-001
        TANK-00000  2024-01-09        2024-01-09 23:45:00  50000            11000          0                 0             24             CRUDE-001
        TANK-00001  2024-01-09        2024-01-09 23:45:00  40000            0              8000              24            0              -
        TANK-00000  2024-01-11        2024-01-11 23:45:00  99999            99999          0                 0             24             CRUDE-001
    """)
    kind = F.when(F.col("tank_id") == "TANK-00000", "Crude Oil").otherwise("Gasoline")
    return closed.withColumn("product_type", kind)


def charged(table, barrels: int):
    """The last day is not over as of the run, so what it was charged with so far says nothing."""
    return table(f"""
        refinery_id  production_date  crude_barrels_per_day
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


def test_what_is_lifted_while_a_tank_is_filled_is_told_by_the_pace_at_which_it_fills(table, storage_tanks):
    """It rises by 12,000 in 16 hours, 750 an hour, and falls by 6,000 in the other 8, though 6,000 came in meanwhile."""
    day = table("""
        tank_id     measurement_date  closed_at            closing_barrels  drawn_barrels  received_barrels  rising_hours  falling_hours  hours_observed  crude_type_id
        TANK-00001  2024-01-09        2024-01-09 23:45:00  80000            6000           12000             16            8              24              -
    """)
    supply = days_of_supply(day, storage_tanks, charged(table, 9000), AS_OF)
    (tank,) = supply.where("level = 'TANK'").collect()
    assert (tank.usable_barrels, tank.daily_draw_barrels, tank.days_of_supply) == (60000, 12000, 5)


def test_a_product_names_the_refinery_that_is_shortest_of_it(table):
    tanks = table(f"""
        tank_id  refinery_id  product_type=Diesel  capacity_barrels=100000  min_operating_level=0.1  {EVER}
        A        REF-000
        B        REF-001
    """)
    days = table("""
        tank_id  closing_barrels  drawn_barrels  measurement_date=2024-01-09  closed_at=2024-01-09 23:45:00  received_barrels=0  rising_hours=0  falling_hours=24  hours_observed=24  crude_type_id=-
        A        90000            8000
        B        14000            8000
    """)
    supply = days_of_supply(days, tanks, charged(table, 9000), AS_OF)
    (network,) = supply.where("level = 'PRODUCT_TYPE'").collect()
    assert network.days_of_supply == pytest.approx(84 / 16)
    assert (network.shortest_refinery_id, network.shortest_days_of_supply) == ("REF-001", 0.5)


@pytest.fixture
def levels(table):
    """Nine days, each hour: a crude tank that nothing was told of for a day, and a tank of gasoline that is filled in
    eighteen hours and lifted in six."""
    crude, gasoline = (("TANK-00000", "Crude Oil"), ("TANK-00001", "Gasoline"))
    lines = [
        f"{tank}  {kind}  2024-01-{1 + hour // 24:02d} {hour % 24:02d}:00:00  2024-01-{1 + hour // 24:02d}  {volume}"
        for (tank, kind), hours in ((crude, range(8 * 24)), (gasoline, range(9 * 24)))
        for hour in hours
        for part in [hour % 24]
        for volume in [
            50000 + 500 * (part % 3)
            if kind == "Crude Oil"
            else 60000 + (5000 * part if part < 18 else 15000 * (24 - part))
        ]
    ]
    head = "tank_id  product_type  measurement_timestamp  measurement_date  volume_barrels"
    return table("\n".join([head, *lines]))


def test_the_forecast_begins_after_the_last_day_that_is_known(levels, storage_tanks, shipments, sent):
    found = (
        inventory_forecast(levels, storage_tanks, shipments, sent, AS_OF).orderBy("forecast_date").collect()
    )
    crude, gasoline = ([row for row in found if row.tank_id == f"TANK-0000{tank}"] for tank in (0, 1))
    assert [str(row.forecast_date) for row in crude[:2]] == ["2024-01-09", "2024-01-10"]
    assert [str(row.forecast_date) for row in gasoline[:2]] == ["2024-01-10", "2024-01-11"]
    assert [row.days_ahead for row in crude] == [row.days_ahead for row in gasoline] == list(range(1, 15))
    for row in (*crude, *gasoline):
        assert 0 <= row.low_barrels <= row.expected_barrels <= row.high_barrels
        assert row.reaches_min_on is None
    assert {row.max_barrels for row in gasoline} == {180000}


def test_a_tank_that_is_known_for_less_than_four_days_has_a_forecast_without_a_band(
    levels, storage_tanks, shipments, sent
):
    young = levels.where("measurement_date >= '2024-01-07'")
    found = inventory_forecast(young, storage_tanks, shipments, sent, AS_OF).collect()
    assert len(found) == 28
    assert {(row.low_barrels, row.high_barrels) for row in found} == {(None, None)}
    assert all(0 < row.expected_barrels < 180000 for row in found)


@pytest.fixture
def supply(table):
    return table("""
        level     product_type  refinery_id  tank_id     days_of_supply  daily_draw_barrels  usable_barrels
        REFINERY  Crude Oil     REF-000      -           4.0             10000.0             40000
        TANK      Crude Oil     REF-000      TANK-00000  2.0             5000.0              10000
    """)


@pytest.fixture
def no_plans(table):
    """None that was published by then, and none for the week."""
    return table("""
        unit_id  refinery_id  plan_date   planned_charge_barrels  published_at         is_crude_unit=true
        U1       REF-000      2024-01-11  90000                   2024-01-12 06:00:00
        U1       REF-000      2024-01-18  90000                   2024-01-09 06:00:00
    """)


SHIPMENT = "refinery_id=REF-000  refinery_name=Alpha  crude_name=WTI  supplier_id=SUPP-001  transport_mode=Tanker  destination_tank_id=TANK-00000  created_at=2023-12-01 00:00:00  shipment_date=2023-12-20"


@pytest.fixture
def shipments(table):
    """Four days of supply on the 10th. A is late, and feeds the refinery from its fourth day on; B is late and small; C
    and D are not late; E has arrived; that F is late was not said yet, but it was due; G was said to be delivered by a row that was set aside; H
    is later than any ever was. K to P came in time, but for one that was two days late."""
    return table(f"""
        shipment_id  status      expected_arrival_date  arrival_date  updated_at           volume_barrels  days_delayed  {SHIPMENT}
        A            DELAYED     2024-01-08             2024-01-12    2024-01-09 00:00:00  40000           4
        B            DELAYED     2024-01-08             2024-01-11    2024-01-09 00:00:00  100             3
        C            IN_TRANSIT  2024-01-12             2024-01-12    2024-01-09 00:00:00  1000            0
        D            IN_TRANSIT  2024-01-14             2024-01-14    2024-01-09 00:00:00  1000            0
        E            DELIVERED   2024-01-07             2024-01-09    2024-01-09 00:00:00  20000           2
        F            DELAYED     2024-01-08             2024-01-15    2024-01-11 00:00:00  200             7
        G            IN_TRANSIT  2024-01-02             2024-01-02    2023-12-20 00:00:00  20000           0
        H            IN_TRANSIT  2024-01-01             2024-01-01    2023-12-20 00:00:00  20000           0
        K            DELIVERED   2024-01-01             2024-01-01    2024-01-01 00:00:00  20000           0
        L            DELIVERED   2024-01-02             2024-01-02    2024-01-02 00:00:00  20000           0
    """)


@pytest.fixture
def sent(table):
    """What was sent of deliveries: G's row and one of a shipment that nobody else knows lack a good volume."""
    return table("""
        shipment_id  status     arrival_date  expected_arrival_date  shipment_date  updated_at           supplier_id=SUPP-001  transport_mode=Tanker  volume_barrels=-5  _sent_at=2024-01-09 00:00:00
        E            DELIVERED  2024-01-09    2024-01-07             2023-12-20     2024-01-09 00:00:00
        G            DELIVERED  2024-01-02    2024-01-02             2023-12-20     2024-01-02 00:00:00
        G            DELIVERED  2024-01-02    2024-01-02             2023-12-20     2024-01-02 00:00:00
    """)


def test_a_late_shipment_is_a_risk_by_what_the_refinery_has_without_it(shipments, sent, supply, no_plans):
    """With A the stock is at its lowest before A comes, on the 12th; without it is out after four days."""
    found = stock_out_risk(shipments, sent, supply, no_plans, AS_OF).orderBy("shipment_id").collect()
    assert [row.shipment_id for row in found] == ["A", "B", "F", "H"]
    a, b, f, _ = found
    assert (f.status, f.days_late, f.days_until_arrival) == ("IN_TRANSIT", 2, 0)
    assert (a.stock_out_probability, a.stock_out_probability_without_it, a.risk) == (0.0, 1.0, "MEDIUM")
    assert (b.stock_out_probability_without_it, b.risk) == (0.0, "LOW")
    assert (a.days_late, a.days_until_arrival, b.days_late, b.days_until_arrival) == (4, 2, 3, 1)
    assert (a.days_of_supply, a.tank_days_of_supply, a.days_it_would_last) == (4, 2, 4)
    assert a.hours_looked_ahead == 7 * 24
    assert 10000 < a.lowest_stock_barrels < 30000
    assert a.hours_to_stock_out is None


def test_one_that_is_later_than_any_ever_was_is_unknown_and_nothing_is_expected_of_it(
    shipments, sent, supply, no_plans
):
    (lost,) = stock_out_risk(shipments, sent, supply, no_plans, AS_OF).where("shipment_id = 'H'").collect()
    assert (lost.risk, lost.days_late, lost.days_until_arrival) == ("UNKNOWN", None, None)
    assert lost.unknown_because == "nothing was heard of it, and none was ever so late"


def test_a_refinery_that_its_parcels_do_not_keep_is_at_high_risk(table, shipments, sent, supply):
    """40,000 barrels at the 20,000 a day that its two units are planned for are gone after two days; A's 40,000 come on
    the 12th, and then it is out again."""
    plans = table("""
        unit_id  is_crude_unit  refinery_id  plan_date   planned_charge_barrels  published_at=2024-01-02 06:00:00
        U1       true           REF-000      2024-01-10  10000
        U1       true           REF-000      2024-01-11  14000
        U2       true           REF-000      2024-01-11  8000
        U3       false          REF-000      2024-01-11  90000
    """)
    a = stock_out_risk(shipments, sent, supply, plans, AS_OF).orderBy("shipment_id").first()
    assert (a.stock_out_probability, a.risk) == (1.0, "HIGH")
    assert 36 < a.hours_to_stock_out <= 7 * 24


def test_eleven_parcels_a_day_carry_a_refinery_past_a_late_one(table, sent, supply, no_plans):
    """What was said of four days of supply and one late shipment was wrong: the others feed it."""
    lines = [
        f"P{day:02d}  IN_TRANSIT  2024-01-{day}  2024-01-{day}  2024-01-09 00:00:00  10000  0"
        for day in range(11, 19)
    ]
    late = "A    DELAYED     2024-01-08  2024-01-16  2024-01-09 00:00:00  10000  8"
    known = "K    DELIVERED   2024-01-01  2024-01-01  2024-01-01 00:00:00  10000  0"
    head = f"shipment_id  status  expected_arrival_date  arrival_date  updated_at  volume_barrels  days_delayed  {SHIPMENT}"
    under_way = table("\n".join([head, late, known, *lines]))
    (row,) = stock_out_risk(under_way, sent, supply, no_plans, AS_OF).collect()
    assert (row.days_late, row.days_of_supply) == (8, 4)
    assert (row.stock_out_probability, row.stock_out_probability_without_it, row.risk) == (0, 0, "LOW")


def test_only_what_was_delivered_is_on_time_or_late(table, sent):
    """Of three in the week of Monday 8 January two came in time; the fourth is still under way."""
    shipments = table("""
        shipment_id  status      arrival_date  days_delayed  volume_barrels  total_cost  api_gravity_variance  supplier_id=SUPP-001  transport_mode=Tanker  sulfur_variance=0.1
        R            DELIVERED   2024-01-08    0             100             8000        1.0
        E            DELIVERED   2024-01-10    -1            200             16000       -1.0
        T            DELIVERED   2024-01-14    4             300             30000       1.0
        U            IN_TRANSIT  2024-01-14    9             300             30000       1.0
    """)
    before, row = delivery_performance(shipments, sent).orderBy("week_start").collect()
    assert (row.week_start, row.shipments, row.shipments_set_aside) == (dt.date(2024, 1, 8), 3, 0)
    assert (row.on_time_rate, row.avg_days_delayed, row.max_days_delayed) == (pytest.approx(2 / 3), 1, 4)
    assert (row.volume_barrels, row.volume_variation, row.cost_per_barrel) == (600, 0.5, 90)
    assert row.shipments_on_time == 2
    assert (before.week_start, before.shipments, before.shipments_set_aside) == (dt.date(2024, 1, 1), 1, 1)
    assert (before.on_time_rate, before.volume_barrels, before.cost_per_barrel) == (1, None, None)


@pytest.fixture
def farm(table):
    """Two crude tanks as of the 10th. A: 60,000 of WTI in the evening of the 7th, then Maya on the 8th (20,000) and WTI on
    the 9th (20,000), 20,000 drawn each day. B: nothing but Maya. Of both, 40,000 can be drawn."""
    tanks = table(f"""
        tank_id  refinery_id=REF-000  product_type=Crude Oil  capacity_barrels=200000  min_operating_level=0.1  {EVER}
        A
        B
    """)
    days = table("""
        tank_id  measurement_date  closed_at            opening_barrels  closing_barrels  drawn_barrels  received_barrels  rising_hours=12  falling_hours=12  hours_observed=24  crude_type_id=CRUDE-001
        A        2024-01-07        2024-01-07 23:59:00  0                60000            0              60000
        A        2024-01-08        2024-01-08 23:59:00  60000            60000            20000          20000
        A        2024-01-09        2024-01-10 00:00:00  60000            60000            20000          20000
        B        2024-01-08        2024-01-08 23:59:00  0                60000            0              60000
        B        2024-01-09        2024-01-10 00:00:00  60000            60000            0              0
    """)
    shipments = table("""
        shipment_id  destination_tank_id  crude_type_id  crude_name  arrival_date  volume_barrels  price_per_barrel  api_gravity_actual  sulfur_content_actual  api_gravity_typical  sulfur_content_typical  updated_at           status      shipment_date=2024-01-05  created_at=2023-12-20 00:00:00  expected_arrival_date=2024-01-10  refinery_id=REF-000
        S1           A                    CRUDE-001      WTI         2024-01-07    60000           80.0              40.0                0.3                    39.6                 0.24                    2024-01-07 12:00:00  DELIVERED
        S2           A                    CRUDE-008      Maya        2024-01-08    20000           70.0              22.0                3.3                    22.0                 3.3                     2024-01-08 12:00:00  DELIVERED
        S3           A                    CRUDE-001      WTI         2024-01-09    20000           90.0              40.0                0.3                    39.6                 0.24                    2024-01-09 12:00:00  DELIVERED
        S4           B                    CRUDE-008      Maya        2024-01-08    60000           70.0              22.0                3.3                    22.0                 3.3                     2024-01-08 12:00:00  DELIVERED
        S5           B                    CRUDE-008      Maya        2024-01-10    60000           70.0              22.0                3.3                    22.0                 3.3                     2024-01-09 12:00:00  IN_TRANSIT
    """)
    return tanks, days, shipments


MIDNIGHT = dt.datetime(2024, 1, 10)
# In the evening of the 8th a quarter of A is Maya; of what that leaves, a quarter is WTI in the evening of the 9th.
MAYA_IN_A = 0.25 * 0.75


def planned(
    table,
    farm,
    processing_units,
    refineries,
    *,
    sulfur: float,
    charge: float,
    at: dt.datetime = MIDNIGHT,
    plan: int | None = None,
):
    """`charge`: of a usual day; `plan`: of the 10th, where there is one."""
    tanks, days, shipments = farm
    kpis = table(f"""
        refinery_id  production_date  crude_barrels_per_day  charge_api_gravity  charge_sulfur_pct  coverage
        REF-000      2024-01-08       {charge}               22.5                {sulfur}           1.0
        REF-000      2024-01-09       {charge}               39.5                0.3                1.0
    """)
    grades = table("""
        crude_type_id  benchmark_price_differential
        CRUDE-001      0
        CRUDE-008      -10
    """)
    made = table(f"""
        refinery_id  product_id  movement_date  made_barrels
        REF-000      P           2024-01-08     {0.5 * charge}
        REF-000      P           2024-01-09     {0.5 * charge}
        REF-000      Q           2024-01-09     {1.0 * charge}
    """)
    planes = table("""
        product_id  product_category  product_api_gravity  product_sulfur_pct  product_avg_yield  yield_per_api_gravity  yield_per_sulfur
        P           Gasoline          35.0                 1.0                 0.4                0.0                    0.0
        Q           Diesel            35.0                 1.0                 0.4                0.0                    0.0
    """)
    sent = table("""
        shipment_id  status     updated_at           _sent_at
        S1           DELIVERED  2024-01-07 12:00:00  2024-01-08 00:00:00
    """)
    plans = table(f"""
        unit_id     plan_date   planned_charge_barrels  published_at
        UNIT-00000  2024-01-10  {plan or 0}             {"2024-01-02 06:00:00" if plan else "2024-01-11 06:00:00"}
        UNIT-00000  2024-01-12  99                      2024-01-04 06:00:00
    """)
    prices = table("""
        product_id  price_date  priced_at            price_per_barrel  benchmark_per_barrel
        P           2024-01-03  2024-01-03 00:00:00  500.0             500.0
        P           2024-01-09  2024-01-09 00:00:00  96.0              80.0
        P           2024-01-10  2024-01-10 00:00:00  102.0             84.0
        Q           2024-01-09  2024-01-09 00:00:00  104.0             80.0
        Q           2024-01-10  2024-01-10 00:00:00  104.0             84.0
    """)
    upstream = (days, tanks, shipments, sent, grades, processing_units, made, kpis, planes, refineries)
    rows = crude_blend(*upstream, plans, prices, at)
    return {(row.tank_id, row.crude_type_id): row for row in rows.collect()}


def test_a_tank_is_drawn_as_it_is_mixed(table, farm, processing_units, refineries):
    """Maya earns 10 dollars more, and at most 2.1 % sulphur may be charged: so much of B as keeps that."""
    found = planned(table, farm, processing_units, refineries, sulfur=2.0, charge=24000)
    assert set(found) == {("A", "CRUDE-001"), ("A", "CRUDE-008"), ("B", "CRUDE-008")}
    wti, maya, pure = (found[key] for key in sorted(found))
    assert (maya.share_of_tank, wti.share_of_tank) == (pytest.approx(MAYA_IN_A), pytest.approx(1 - MAYA_IN_A))
    assert (maya.status, maya.tank_contents) == ("OPTIMAL", "WTI 81 %, Maya 19 %")
    assert maya.tank_barrels + pure.tank_barrels == pytest.approx(24000)
    assert (wti.price_per_barrel, wti.known_share) == (
        pytest.approx((80 * 45 / 80 + 90 * 20 / 80) / (65 / 80)),
        1,
    )
    # mixed again, barrel by barrel
    drawn = {key: row.blend_barrels for key, row in found.items()}
    weights = {
        key: barrels * 141.5 / (131.5 + (40 if key[1] == "CRUDE-001" else 22))
        for key, barrels in drawn.items()
    }
    sulfur = sum(w * (0.3 if key[1] == "CRUDE-001" else 3.3) for key, w in weights.items()) / sum(
        weights.values()
    )
    assert drawn["A", "CRUDE-008"] / drawn["A", "CRUDE-001"] == pytest.approx(MAYA_IN_A / (1 - MAYA_IN_A))
    assert sulfur == pytest.approx(pure.blend_sulfur_pct) == pytest.approx(2.1)
    assert pure.blend_api_gravity == pytest.approx(141.5 / (sum(weights.values()) / 24000) - 131.5)
    assert pure.binding_limits == "sulphur too high"


def test_a_plan_costs_what_its_crude_would_cost_today(table, farm, processing_units, refineries):
    """The week's benchmark is 82 on average; products fetch 99 and 104 and are a half each."""
    found = planned(table, farm, processing_units, refineries, sulfur=3.3, charge=24000)
    pure, wti = found["B", "CRUDE-008"], found["A", "CRUDE-001"]
    assert (pure.replacement_cost_per_barrel, wti.replacement_cost_per_barrel) == (
        pytest.approx(72),
        pytest.approx(82),
    )
    assert pure.tank_value_per_barrel == pytest.approx(82 + (17 + 22) / 2)
    assert (pure.tank_barrels, wti.tank_barrels) == (pytest.approx(24000), pytest.approx(0, abs=1e-6))
    alike = 0.5 * 72 + 0.5 * (82 - 10 * MAYA_IN_A)
    assert pure.stock_cost_per_barrel == pytest.approx(alike)
    assert pure.saving_per_day == pytest.approx(24000 * (alike - 72))


def test_a_tank_that_is_drawn_empty_limits_the_plan(table, farm, processing_units, refineries):
    """Of the 50,000 barrels B has 40,000 to give, and only the rest is of A."""
    found = planned(table, farm, processing_units, refineries, sulfur=3.3, charge=50000)
    assert found["B", "CRUDE-008"].tank_barrels == pytest.approx(40000)
    assert {row.binding_limits for row in found.values()} == {"B drawn empty"}


def test_the_products_of_a_barrel_are_those_that_were_made_of_the_diet(table):
    """A barrel of 30 °API became 0.66 of P and 0.44 of Q, though as main products they yield 0.5 and 0.3 there. A degree
    gives 0.012 more of P and 0.003 less of Q at those yields, which is 0.01584 - 0.0044 of what was made; as the barrels
    stay as many, 0.01144 of the mean price of 84 goes off."""
    diet = table("""
        refinery_id  production_date  crude_barrels_per_day  charge_api_gravity  charge_sulfur_pct
        REF-000      2024-01-08       300                    28.0                1.0
        REF-000      2024-01-09       100                    36.0                1.0
    """)
    movements = table("""
        refinery_id  movement_date  product_id  made_barrels
        REF-000      2024-01-08     P           264
        REF-000      2024-01-09     Q           176
        REF-000      2024-01-10     Q           999
    """)
    planes = table("""
        product_id  product_api_gravity  product_sulfur_pct  product_avg_yield  yield_per_api_gravity  yield_per_sulfur
        P           25.0                 1.0                 0.44               0.012                  -
        Q           30.0                 1.0                 0.3                -0.003                 0.0
    """)
    prices = table("""
        product_id  price_per_barrel
        P           100.0
        Q           60.0
    """)
    benchmark = table("""
        _benchmark
        80.0
    """)
    (row,) = values_of_crude(movements, diet, planes, prices, benchmark).collect()
    by_api = 0.01584 * 100 - 0.0044 * 60 - 0.01144 * 84
    assert (row.worth_per_api, row.worth_per_sulfur) == (pytest.approx(by_api), 0)
    assert row.worth + 30 * row.worth_per_api == pytest.approx(0.66 * 100 + 0.44 * 60)


def test_what_is_due_before_the_day_begins_is_in_its_tank_by_then(table, farm, processing_units, refineries):
    """At noon of the 10th the next whole day is the 11th, and S5 is due: 60,000 more to draw from B."""
    noon = dt.datetime(2024, 1, 10, 12)
    found = planned(table, farm, processing_units, refineries, sulfur=3.3, charge=24000, at=noon)
    pure = found["B", "CRUDE-008"]
    assert (pure.charge_date, pure.available_barrels) == (dt.date(2024, 1, 11), pytest.approx(100_000))


def test_the_charge_is_the_planned_one_where_there_is_a_plan(table, farm, processing_units, refineries):
    found = planned(table, farm, processing_units, refineries, sulfur=3.3, charge=24000, plan=30000)
    assert found["B", "CRUDE-008"].charge_barrels == 30000
    assert sum(row.blend_barrels for row in found.values()) == pytest.approx(30000)


def test_a_refinery_without_a_plan_says_why(table, farm, processing_units, refineries):
    (row,) = planned(table, farm, processing_units, refineries, sulfur=2.0, charge=100000).values()
    assert (row.refinery_id, row.status, row.tank_id) == ("REF-000", "INFEASIBLE", "none")
    assert row.reason.endswith("barrels short of a day's charge")


def test_later_without_news_changes_no_stock_and_no_forecast(
    table, days, levels, shipments, sent, storage_tanks
):
    later, charges = AS_OF + dt.timedelta(hours=6), charged(table, 16000)

    def stock(at: dt.datetime) -> DataFrame:
        return days_of_supply(days, storage_tanks, charges, at)

    def forecast(at: dt.datetime) -> DataFrame:
        return inventory_forecast(levels, storage_tanks, shipments, sent, at)

    for made in (stock, forecast):
        before, after = (sorted(map(str, made(at).collect())) for at in (AS_OF, later))
        assert before == after
