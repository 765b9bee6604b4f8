import datetime as dt

import pytest

from domains.refinery.gold.maintenance_kpis import maintenance_kpis
from domains.refinery.silver.work_orders import work_orders

AS_OF = dt.datetime(2024, 1, 15)


@pytest.fixture
def sent(table):
    return table("""
        work_order_id  unit_id     refinery_id  kind        status       opened_at            started_at           finished_at          cause_found   cost_usd  updated_at
        C1             UNIT-00000  REF-000      CORRECTIVE  FINISHED     2024-01-01 00:00:00  2024-01-01 06:00:00  2024-01-02 00:00:00  Bearing wear  100000.0  2024-01-02 00:00:00
        C2             UNIT-00000  REF-000      CORRECTIVE  FINISHED     2024-01-10 00:00:00  2024-01-10 02:00:00  2024-01-10 12:00:00  Not found     50000.0   2024-01-10 12:00:00
        C3             UNIT-00001  REF-000      CORRECTIVE  FINISHED     2024-01-14 20:00:00  2024-01-14 22:00:00  2024-01-15 06:00:00  Seal leak     70000.0   2024-01-15 06:00:00
        P1             UNIT-00001  REF-000      PREVENTIVE  FINISHED     2023-12-16 00:00:00  2023-12-30 00:00:00  2023-12-30 12:00:00  -             20000.0   2023-12-30 12:00:00
        P2             UNIT-00001  REF-000      PREVENTIVE  OPEN         2023-12-20 00:00:00  -                    -                    -             -         2023-12-20 00:00:00
        P3             UNIT-00001  REF-000      PREVENTIVE  OPEN         2024-01-16 00:00:00  -                    -                    -             -         2024-01-16 00:00:00
    """)


def test_an_order_says_how_long_it_waited_and_was_open(table, sent, processing_units, refineries):
    bad = table("""
        work_order_id  unit_id     refinery_id  kind        status       opened_at            started_at           finished_at          cause_found   cost_usd  updated_at
        X1             UNIT-00000  REF-000      CORRECTIVE  IN_PROGRESS  2024-01-01 00:00:00  2024-01-01 06:00:00  -                    Bearing wear  -         2024-01-01 06:00:00
        X2             UNIT-00000  REF-000      CORRECTIVE  FINISHED     2024-01-01 00:00:00  2024-01-01 06:00:00  2024-01-01 05:00:00  Bearing wear  1.0       2024-01-01 06:00:00
        X3             UNIT-99999  REF-000      CORRECTIVE  OPEN         2024-01-01 00:00:00  -                    -                    -             -         2024-01-01 00:00:00
    """)
    found = work_orders(sent.unionByName(bad), processing_units, refineries).collect()
    rows = {row.work_order_id: row for row in found}
    assert (rows["C1"].waiting_hours, rows["C1"].open_hours, rows["C1"].unit_type) == (
        6,
        24,
        "Crude Distillation",
    )
    assert (rows["P2"].open_hours, rows["P2"]._reasons) == (None, [])
    assert rows["X1"]._reasons == ["tells a cause before it is finished"]
    assert rows["X2"]._reasons == ["its steps are out of order"]
    assert rows["X3"]._reasons == ["unit_id refers to nothing"]


def test_a_type_of_unit_is_measured_by_its_failures_and_repairs(table, sent, processing_units, refineries):
    """Thirty days are known. At the end C3 is open still, whatever is known of it later, and P3 was not thought of."""
    orders = work_orders(sent, processing_units, refineries)
    here = refineries.selectExpr("*", "refinery_id = 'REF-000' as is_active")
    rows = {row.unit_type: row for row in maintenance_kpis(orders, processing_units, here, AS_OF).collect()}
    assert set(rows) == {"Crude Distillation", "Coker"}
    crude, coker = rows["Crude Distillation"], rows["Coker"]
    assert (crude.units, crude.days, crude.failures, crude.mtbf_days) == (1, 30, 2, 15)
    assert (crude.mttr_hours, crude.mean_waiting_hours, crude.planned_share) == (18, 4, 0)
    assert (crude.cost_usd, crude.repair_cost_usd, crude.cost_per_unit_day) == (150_000, 150_000, 5000)
    assert (crude.main_cause, crude.last_failure_at) == ("Bearing wear", dt.datetime(2024, 1, 10))
    assert (coker.failures, coker.mtbf_days, coker.mttr_hours, coker.main_cause) == (1, 30, None, None)
    assert (coker.backlog, coker.backlog_repairs, coker.backlog_overdue) == (2, 1, 1)
    assert (coker.services, coker.finished_orders, coker.planned_share, coker.cost_usd) == (1, 1, 1, 20_000)


def test_units_without_an_order_are_counted(table, sent, processing_units, refineries):
    here = refineries.selectExpr("*", "true as is_active")
    orders = work_orders(sent, processing_units, refineries).where("unit_id = 'UNIT-00000'")
    rows = {row.unit_type: row for row in maintenance_kpis(orders, processing_units, here, AS_OF).collect()}
    coker = rows["Coker"]
    assert (coker.units, coker.failures, coker.mtbf_days, coker.backlog, coker.cost_usd) == (1, 0, None, 0, 0)
    assert coker.planned_share is None
