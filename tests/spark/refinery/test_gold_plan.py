import datetime as dt

import pytest

from domains.refinery.gold.material_balance import material_balance
from domains.refinery.gold.plan_attainment import plan_attainment
from domains.refinery.gold.product_margin import product_margin
from domains.refinery.gold.product_movements import product_movements
from domains.refinery.silver.market_prices import market_prices
from domains.refinery.silver.product_liftings import product_liftings
from domains.refinery.silver.production_plans import production_plans


def test_a_plan_is_held_against_what_the_unit_can_charge(table, processing_units, refineries):
    sent = table("""
        plan_id  unit_id     refinery_id  plan_date   published_at         planned_charge_barrels  planned_yield  planned_stand_minutes
        P1       UNIT-00000  REF-000      2024-01-10  2024-01-02 06:00:00  21600                   0.2            0
        P2       UNIT-99999  REF-000      2024-01-10  2024-01-02 06:00:00  21600                   0.2            0
        P3       UNIT-00001  REF-000      2024-01-01  2024-01-02 06:00:00  21600                   0.2            0
    """)
    good, orphan, late = production_plans(sent, processing_units, refineries).orderBy("plan_id").collect()
    assert (good.planned_utilization, good.is_crude_unit, good._reasons) == (pytest.approx(0.9), True, [])
    assert orphan._reasons == ["unit_id refers to nothing"]
    assert late._reasons == ["is a plan for a day that was over"]


def test_a_price_is_told_above_the_benchmark(table, products):
    sent = table("""
        price_id  product_id  priced_at            price_per_barrel  benchmark_per_barrel
        A         PROD-001    2024-01-02 00:00:00  97.5              80.0
        B         PROD-999    2024-01-02 00:00:00  97.5              80.0
    """)
    good, orphan = market_prices(sent, products).orderBy("price_id").collect()
    assert (good.over_benchmark, good.price_date) == (17.5, dt.date(2024, 1, 2))
    assert (good.product_name, orphan._reasons) == ("Regular Gasoline", ["product_id refers to nothing"])


@pytest.fixture
def plans(table):
    """Each of 24,000 barrels in a day, of which three hours are seen; D is to be serviced in one of four hours."""
    return table("""
        unit_id  unit_name  planned_charge_barrels  planned_yield  planned_stand_minutes  unit_capacity_bpd=24000  unit_type=T  unit_subtype=S  refinery_id=R  refinery_name=Alpha  is_crude_unit=true  plan_date=2024-01-02
        A        CDU-1      24000                   0.2            0
        B        CDU-2      24000                   0.2            0
        C        CDU-3      24000                   0.2            0
        D        CDU-4      18000                   0.2            360
        E        CDU-5      24000                   0.2            0
    """)


@pytest.fixture
def hours(table):
    """B stands for most of an hour, A runs slowly, of C two hours are missing, of E all."""
    return table("""
        unit_id  production_hour      input_volume_barrels  output_volume_barrels  downtime_minutes  downtime_cause  production_date=2024-01-02
        A        2024-01-02 00:00:00  900                   189                    0                 -
        A        2024-01-02 01:00:00  900                   189                    0                 -
        A        2024-01-02 02:00:00  900                   189                    0                 -
        B        2024-01-02 00:00:00  1000                  200                    0                 -
        B        2024-01-02 01:00:00  200                   40                     48                Power Dip
        B        2024-01-02 02:00:00  980                   196                    1                 Operator Error
        C        2024-01-02 02:00:00  1000                  200                    0                 -
        D        2024-01-02 00:00:00  1000                  200                    0                 -
        D        2024-01-02 01:00:00  1250                  250                    0                 -
        D        2024-01-02 02:00:00  0                     0                      45                Planned Maintenance
    """)


def test_what_is_missing_of_a_plan_is_laid_to_what_kept_the_unit_from_it(hours, plans):
    """A day of which three hours are in is held against an eighth of its plan."""
    found = {row.unit_id: row for row in plan_attainment(hours, plans).collect()}
    a, b, c, d, e = (found[name] for name in "ABCDE")
    assert (a.planned_charge_barrels, a.charge_barrels, a.attainment) == (3000, 2700, pytest.approx(0.9))
    assert (a.gap_by_load_barrels, a.gap_by_stand_barrels, a.reason) == (300, 0, "reduced load")
    assert a.yield_gap == pytest.approx(0.01)
    assert (b.gap_barrels, b.gap_by_stand_barrels) == (820, pytest.approx(49 / 60 * 1000))
    assert (b.reason, b.downtime_minutes) == ("stand: power dip", 49)
    assert (c.gap_by_unknown_barrels, c.unknown_hours, c.reason) == (2000, 2, "hours unknown")
    assert (c.observed_hours, c.unit_capacity_bpd) == (1, 24000)
    assert (c.attainment, e.attainment) == (pytest.approx(1.0), None)
    assert (d.planned_charge_barrels, d.gap_by_stand_barrels, d.reason) == (2250, 0, "as planned")
    assert (e.charge_barrels, e.unknown_hours, e.main_product_yield) == (0, 3, None)
    assert e.reason == "hours unknown"


@pytest.fixture
def tickets(table):
    """Of two days of P and Q; what is bought in counts against what left."""
    return table("""
        lifting_id  product_id  movement  volume_barrels  mass_tonnes  density_kg_m3  sulfur_content_pct  lifted_date  finished_at          refinery_id=REF-000
        L1          P           LIFTING   1000            120.0        754.77         0.1                 2024-01-02   2024-01-02 12:00:00
        L2          P           PIPELINE  500             60.0         754.77         0.3                 2024-01-02   2024-01-02 23:59:59
        L3          P           PURCHASE  100             12.0         754.77         -                   2024-01-03   2024-01-03 23:59:59
        L4          Q           PIPELINE  400             60.0         943.5          2.0                 2024-01-02   2024-01-02 23:59:59
    """)


@pytest.fixture
def days_of_tanks(table):
    return table("""
        tank_id  product_type  product_id  measurement_date  opening_barrels  closing_barrels  refinery_id=REF-000
        A        Crude Oil     -           2024-01-02        90000            92500
        A        Crude Oil     -           2024-01-03        93000            93100
        B        Gasoline      P           2024-01-02        5000             4400
        B        Gasoline      P           2024-01-03        4500             4600
        B        Gasoline      P           2024-01-05        9000             9100
    """)


@pytest.fixture
def movements(table, tickets, days_of_tanks):
    names = table("""
        product_id  product_name  product_category
        P           Gasoline      Gasoline
        Q           Fuel          Residual
    """)
    return product_movements(tickets, days_of_tanks, names)


def test_what_was_made_is_what_left_and_what_its_tanks_gained(movements):
    """B lost 500 on the 2nd; on the 3rd and the 5th nothing follows, so the last level counts."""
    rows = {(row.product_id, row.movement_date.day): row for row in movements.collect()}
    assert set(rows) == {("P", 2), ("P", 3), ("P", 5), ("Q", 2)}
    p, bought = rows["P", 2], rows["P", 3]
    assert (p.lifted_barrels, p.pipeline_barrels, p.stock_change_barrels, p.made_barrels) == (
        1000,
        500,
        -500,
        1000,
    )
    assert (p.moved_tonnes, p.made_tonnes) == (180, pytest.approx(180 - 60, abs=0.01))
    assert p.sulfur_pct == pytest.approx((120 * 0.1 + 60 * 0.3) / 180)
    assert (bought.purchased_barrels, bought.stock_change_barrels, bought.made_barrels) == (100, 100, 0)
    assert (bought.moved_tonnes, bought.sulfur_pct) == (-12, None)
    assert (rows["P", 5].made_barrels, rows["Q", 2].stock_change_tonnes) == (100, 0)


def test_a_balance_holds_what_came_in_against_what_came_out(
    table, movements, tickets, days_of_tanks, crude_types, refineries
):
    """One hour of the crude unit is in and one of the plant: of its other unit's two hours the second was set aside. S2
    and S3 were delivered, but these rows were set aside: S2 had told its barrels before, S3 came a day before its earlier
    row says, S4 had no other row, S5 cannot have come before it left. A ticket was set aside as well."""
    hours = table("""
        unit_id  unit_type        is_crude_unit  input_crude_type_id  input_volume_barrels  output_volume_barrels  coproduct_volume_barrels  energy_consumed_mmbtu  production_hour      refinery_id=REF-000  production_date=2024-01-02
        U1       Crude            true           CRUDE-001            1000                  300                    695                       100.0                  2024-01-02 00:00:00
        U1       Crude            true           CRUDE-008            1000                  300                    695                       100.0                  2024-01-02 01:00:00
        U2       Sulfur Recovery  false          -                    10                    9                      1                         20.0                   2024-01-02 00:00:00
    """)
    shipments = table("""
        shipment_id  status      arrival_date  volume_barrels  refinery_id=REF-000  shipment_date=2024-01-01
        S1           DELIVERED   2024-01-02    4000
        S2           IN_TRANSIT  2024-01-02    500
        S3           DELAYED     2024-01-03    300
        S5           IN_TRANSIT  2024-01-02    100
        S6           IN_TRANSIT  2024-01-02    999
    """)
    sent = table("""
        shipment_id  status      arrival_date  refinery_id
        S1           DELIVERED   2024-01-02    REF-000
        S2           DELIVERED   2024-01-02    -
        S2           DELIVERED   2024-01-02    REF-000
        S3           DELIVERED   2024-01-02    REF-000
        S4           DELIVERED   2024-01-02    REF-000
        S5           DELIVERED   2023-01-01    REF-000
        S6           IN_TRANSIT  2024-01-02    REF-000
    """)
    sent_tickets = tickets.select("lifting_id", "refinery_id", "finished_at").unionByName(
        table("""
            lifting_id  refinery_id  finished_at
            L9          REF-000      2024-01-02 23:59:59
            L9          REF-000      2024-01-02 23:59:59
        """)
    )
    (row,) = material_balance(
        hours, movements, days_of_tanks, shipments, sent, tickets, sent_tickets, crude_types, refineries
    ).collect()
    wti, maya = (141.5 / (131.5 + api) * 0.999016 * 0.158987294928 * 1000 for api in (39.6, 22.0))
    assert (row.crude_charge_barrels, row.crude_arrivals_barrels) == (2000, 4900)
    assert (row.crude_stock_change_barrels, row.crude_imbalance_barrels) == (3000, -100)
    assert row.crude_charge_tonnes == pytest.approx(wti + maya)
    assert row.loss_tonnes == pytest.approx(0.005 * (wti + maya))
    recovered = 2 * 9 * 0.158987294928 * 1.95
    assert row.sulfur_recovered_tonnes == pytest.approx(recovered)
    assert row.fuel_tonnes == pytest.approx(240 / 39.68)
    stock = -500 * 0.12
    assert (row.product_tonnes, row.product_stock_change_tonnes) == (240, pytest.approx(stock, abs=0.01))
    mass = (wti + maya) * 0.995 - recovered - 240 / 39.68 - 240 - stock
    assert row.mass_imbalance_tonnes == pytest.approx(mass, abs=0.01)
    assert row.imbalance == pytest.approx(0.05 + abs(mass) / (wti + maya), abs=1e-4)
    sulfur_in = (wti * 0.24 + maya * 3.3) / 100
    sulfur_out = 120 / 100 * (120 * 0.1 + 60 * 0.3) / 180 + 60 * 0.02
    assert row.sulfur_unaccounted == pytest.approx(1 - (sulfur_out + recovered) / sulfur_in, abs=1e-4)
    assert row.volume_yield == pytest.approx((1000 + 400) / 2000)
    assert (row.unknown_hours, row.shipments_set_aside, row.liftings_set_aside) == (1, 4, 1)
    assert row.explanation == "rows set aside"


def test_a_day_earns_its_products_less_what_its_crude_would_cost_that_day(table, refineries):
    """1,000 barrels of WTI at the benchmark of 79 (P's 80 and Q's 78 of the day before) and 1,000 of Maya at 10 less; one
    of three hours of the second unit was set aside. 900 of P were made at 100 and 800 of Q at 110, its last price."""
    hours = table("""
        refinery_id  unit_id  production_hour      input_crude_type_id  input_volume_barrels  is_crude_unit=true  production_date=2024-01-02
        REF-000      U1       2024-01-02 00:00:00  CRUDE-001            500
        REF-000      U1       2024-01-02 01:00:00  CRUDE-001            500
        REF-000      U2       2024-01-02 01:00:00  CRUDE-008            500
    """)
    made = table("""
        refinery_id  movement_date  product_id  made_barrels
        REF-000      2024-01-02     P           900
        REF-000      2024-01-02     Q           800
        REF-000      2024-01-03     P           900
    """)
    grades = table("""
        crude_type_id  benchmark_price_differential
        CRUDE-001      0
        CRUDE-008      -10
    """)
    prices = table("""
        product_id  price_date  price_per_barrel  benchmark_per_barrel
        P           2024-01-01  90.0              78.0
        P           2024-01-02  100.0             80.0
        Q           2024-01-01  110.0             78.0
        Q           2024-01-03  500.0             500.0
    """)
    (row,) = product_margin(hours, made, prices, grades, refineries).collect()
    assert (row.total_crude_processed, row.benchmark_per_barrel) == (2000, 79)
    assert row.product_value_usd == pytest.approx(900 * 100 + 800 * 110)
    assert row.crude_cost_usd == pytest.approx(1000 * 79 + 1000 * 69)
    assert row.margin_usd == pytest.approx(178_000 - 148_000)
    assert (row.margin_per_barrel, row.refinery_name) == (pytest.approx(15), "Alpha")


def test_a_ticket_is_weighed_again(table, refineries, storage_tanks, products):
    sent = table("""
        lifting_id  refinery_id  tank_id     product_id  started_at           finished_at          volume_barrels  density_kg_m3  mass_tonnes
        L1          REF-000      TANK-00001  PROD-001    2024-01-02 00:00:00  2024-01-02 06:00:00  1000            750.0          119.2
        L2          REF-000      -           PROD-001    2024-01-02 00:00:00  2024-01-02 06:00:00  1000            750.0          900.0
        L3          REF-000      TANK-00009  PROD-001    2024-01-02 08:00:00  2024-01-02 06:00:00  1000            750.0          119.2
    """)
    right, wrong, bad = (
        product_liftings(sent, refineries, storage_tanks, products).orderBy("lifting_id").collect()
    )
    assert (right.is_mass_consistent, wrong.is_mass_consistent) == (True, False)
    assert (right.tank_name, wrong.tank_name, right.lifted_date) == ("TK-101", None, dt.date(2024, 1, 2))
    assert (right._reasons, wrong._reasons) == ([], [])
    assert bad._reasons == ["tank_id refers to nothing", "finished before it started"]
