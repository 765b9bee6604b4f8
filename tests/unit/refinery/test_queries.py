from pathlib import Path
from typing import Any

import duckdb
import pytest

import domains.refinery
from headrace.serve.named_queries import in_order, named_query
from headrace.serve.query import parse, tables_named

HOME = Path(domains.refinery.__file__).parent
QUERIES = sorted(file.stem for file in (HOME / "queries").glob("*.sql"))
SIX = {"early-warnings", "utilization", "crude-quality-yield", "efficiency-trend", "out-of-range"}


def test_the_six_business_questions_are_among_the_queries():
    assert SIX | {"inventory-status"} <= set(QUERIES)


def test_the_headline_question_comes_first():
    assert next(iter(in_order("refinery"))) == "refinery/early-warnings"


@pytest.mark.parametrize("name", QUERIES)
def test_a_query_begins_with_its_question_and_reads_tables_that_are_made(name):
    query = named_query(f"refinery/{name}")
    question, _, columns = query.question.partition("? ")
    assert question
    assert columns.startswith("Columns: ")
    with duckdb.connect() as connection:
        tree = parse(query.sql, connection)
    for layer, table in tables_named(tree):
        assert (HOME / layer / f"{table}.py").exists()


def answer(name: str, tables: dict[str, str]) -> list[dict[str, Any]]:
    """What a named query says over tables of few rows, each given by its name as SQL."""
    with duckdb.connect() as connection:
        connection.execute("CREATE SCHEMA silver; CREATE SCHEMA gold")
        for table, rows in tables.items():
            connection.execute(f"CREATE TABLE {table} AS {rows}")
        return connection.sql(named_query(f"refinery/{name}").sql).pl().to_dicts()


def test_the_ten_worst_sources_of_a_week_are_not_the_mean_of_those_of_its_days():
    tables = {
        "silver.refineries": "SELECT 'R' AS refinery_id, 'Alpha' AS refinery_name",
        # one alarm of each of ten sources a day, others every day
        "silver.alarms": """SELECT 'R' AS console, 'S' || source AS subject, 'limit' AS kind, true AS is_annunciated,
            DATE '2024-01-01' + CAST(source // 10 AS INTEGER) AS event_date FROM range(100) t(source)""",
        "gold.alarm_kpis": """SELECT 'R' AS refinery_id, DATE '2024-01-01' + CAST(day AS INTEGER) AS event_date,
            10 AS annunciated_count, 0.1 AS average_in_ten_minutes, 1 AS most_in_ten_minutes, 0.0 AS flood_share,
            0 AS stale_count, 0 AS chattering_count, 0 AS maintenance_count, 1.0 AS bad_actor_share,
            0.0 AS high_share, 0.0 AS medium_share, 1.0 AS low_share FROM range(10) t(day)""",
    }
    assert [row["ten_worst_pct"] for row in answer("alarm-kpis", tables)] == [14]  # 10 of 70


def test_what_is_wrong_with_sensors_now_comes_before_what_is_over_each_kind_in_turn():
    def sensor(name: str, score: int, found: str = "") -> str:
        flags = ", ".join(
            f"{flag == found} AS {flag}" for flag in ("is_drifting", "is_stuck", "is_silent", "has_gaps")
        )
        return f"""SELECT '{name}' AS sensor_id, 'U1' AS unit_id, 'R' AS refinery_id, 'Level' AS sensor_type,
            true AS is_active, {score} AS trust_score, {flags}, 1.0 AS hours_silent, 0.0 AS bad_share,
            0.0 AS suspect_share, TIMESTAMP '2024-01-14 23:00' AS last_reading_at"""

    def alarm(name: str, kind: str, number: int, event: str, day: int) -> str:
        return f"""SELECT '{name}' AS subject, '{kind}' AS kind, {number} AS event_number, '{event}' AS event,
            TIMESTAMP '2024-01-09' AS since, DATE '2024-01-01' + INTERVAL {day - 1} DAY AS event_at"""

    sensors = (
        *(sensor("drifts early", 75, "is_drifting"), sensor("drifts too", 70, "is_drifting")),
        *(sensor("silent", 98), sensor("stuck", 65, "is_stuck"), sensor("was stuck", 40, "is_stuck")),
        *(sensor("drifted", 60, "is_drifting"), sensor("sound", 100)),
    )
    alarms = (
        *(alarm("drifts early", "drift", 1, "raised", 10), alarm("drifts too", "drift", 2, "raised", 10)),
        *(alarm("silent", "silent", 3, "raised", 11), alarm("stuck", "stuck", 4, "raised", 12)),
        *(alarm("was stuck", "stuck", 5, "raised", 10), alarm("was stuck", "stuck", 6, "cleared", 11)),
        *(alarm("drifted", "drift", 7, "raised", 10), alarm("drifted", "drift", 8, "cleared", 12)),
    )
    tables = {
        "gold.sensor_trust": " UNION ALL ".join(sensors),
        "silver.alarms": " UNION ALL ".join(alarms),
        "silver.processing_units": "SELECT 'U1' AS unit_id, 'CDU-1' AS unit_name, true AS is_current",
        "silver.refineries": "SELECT 'R' AS refinery_id, 'Alpha' AS refinery_name",
    }
    rows = answer("sensor-trust", tables)
    assert [row["sensor"] for row in rows] == [
        *("drifts too", "silent", "stuck", "drifts early"),
        *("drifted", "was stuck"),
    ]
    assert [row["what_is_wrong"] for row in rows] == [
        "drifts",
        "silent",
        "stuck",
        "drifts",
        "drifted",
        "was stuck",
    ]
    assert {row["unit"] for row in rows} == {"CDU-1 U1"}
    assert [row["until_at"] is None for row in rows] == [True] * 4 + [False] * 2


def test_what_is_beyond_its_limit_still_comes_before_what_came_back_and_standing_units_last():
    def day(sensor: str, unit: str, kind: str, value: float, until: int) -> str:
        return f"""SELECT '{sensor}' AS sensor_id, '{unit}' AS unit_id, 'R' AS refinery_id, 'Vibration' AS sensor_type,
            DATE '2024-01-14' AS reading_date, 3 AS beyond_count, 1 AS beyond_critical_count,
            'mm/s' AS measurement_unit, TIMESTAMP '2024-01-14 23:00' AS last_reading_at,
            TIMESTAMP '2024-01-14 05:00' AS beyond_since, TIMESTAMP '2024-01-14 {until}:00' AS beyond_until,
            {value} AS beyond_value, 10.0 AS beyond_limit, '{kind}' AS beyond_limit_kind, 50.0 AS value_span"""

    days = (
        *(day("stands", "U2", "critical_high", 30, 23), day("back", "U1", "critical_high", 20, 12)),
        *(day("still", "U1", "warning_high", 11, 23), day("further", "U1", "warning_high", 12, 23)),
        day("critical", "U1", "critical_low", 9, 23),
    )
    tables = {
        "gold.sensor_days": " UNION ALL ".join(days),
        "gold.early_warnings": "SELECT * FROM (VALUES ('U1', 'NONE'), ('U2', 'STANDS')) t(unit_id, sign)",
        "silver.processing_units": "SELECT 'U1' AS unit_id, 'CDU-1' AS unit_name, true AS is_current",
        "silver.refineries": "SELECT 'R' AS refinery_id, 'Alpha' AS refinery_name",
    }
    rows = answer("out-of-range", tables)
    assert [row["sensor"] for row in rows] == ["critical", "further", "still", "back", "stands"]
    assert [row["it_is"] for row in rows] == ["beyond still"] * 3 + ["came back", "unit stands"]


def test_the_worst_unit_of_a_week_is_not_that_of_its_worst_day():
    """CDU-1 misses 30 on one day, CDU-2 20 on each of six."""
    tables = {
        "gold.plan_attainment": """SELECT 'R' AS refinery_id, 'Alpha' AS refinery_name, unit_id,
            'CDU-' || unit_id AS unit_name, true AS is_crude_unit, DATE '2024-01-01' + day AS production_date,
            100 AS planned_charge_barrels, 100 - gap AS charge_barrels, gap AS gap_barrels, 0 AS gap_by_stand_barrels,
            gap AS gap_by_load_barrels, 0 AS gap_by_unknown_barrels, 0.0 AS yield_gap,
            CASE WHEN gap > 25 THEN 'stand: power dip' WHEN gap > 0 THEN 'reduced load' ELSE 'as planned' END AS reason
            FROM (SELECT d.day, u.unit_id, CASE WHEN u.unit_id = 1 THEN CASE WHEN d.day = 3 THEN 30 ELSE 0 END
                WHEN d.day = 0 THEN 0 ELSE 20 END AS gap
                FROM (SELECT CAST(range AS INTEGER) AS day FROM range(7)) d, (SELECT unnest([1, 2]) AS unit_id) u)""",
    }
    (row,) = answer("plan-attainment", tables)
    assert (row["worst_unit"], row["its_reason"]) == ("CDU-2", "reduced load")
    assert row["missing_a_day"] == round(150 / 7)


def test_what_is_missing_of_crude_makes_up_for_no_mass_that_is_too_much():
    """In a week 5 % of the crude is missing and mass is 5 % too much; what is missing on one day comes on the next."""
    tables = {
        "gold.material_balance": """SELECT 'R' AS refinery_id, 'Alpha' AS refinery_name,
            DATE '2024-01-01' + day AS balance_date, 1000.0 AS crude_charge_barrels, 100.0 AS crude_charge_tonnes,
            CASE WHEN day = 0 THEN 950.0 WHEN day = 1 THEN -600.0 ELSE 0.0 END AS crude_imbalance_barrels,
            -5.0 AS mass_imbalance_tonnes, 0.1 AS imbalance, 'unexplained' AS explanation, 1 AS shipments_set_aside,
            5.0 AS fuel_tonnes, 1.0 AS loss_tonnes, 1.0 AS volume_yield, 1.0 AS sulfur_recovered_tonnes,
            2.0 AS sulfur_in_crude_tonnes, 0.1 AS sulfur_unaccounted, 10.0 AS energy_mmbtu
            FROM (SELECT CAST(range AS INTEGER) AS day FROM range(7))""",
    }
    (row,) = answer("material-balance", tables)
    assert (row["imbalance_pct"], row["shipments_set_aside"]) == (10, 7)


def test_what_fails_most_and_why_is_counted_over_the_whole_network():
    tables = {
        "gold.maintenance_kpis": """SELECT *, 90 AS days, 9.0 AS mttr_hours, 0 AS backlog, 0 AS backlog_repairs,
            0 AS backlog_overdue, 0.5 AS planned_share, 4 AS finished_orders, 1.0 AS cost_usd
            FROM (VALUES ('A', 'Alpha', 'Coker', 1, 3), ('A', 'Alpha', 'Reformer', 1, 2),
                ('B', 'Beta', 'Reformer', 1, 2), ('B', 'Beta', 'Coker', 2, 0))
            t(refinery_id, refinery_name, unit_type, units, failures)""",
        "silver.work_orders": """SELECT *, 'CORRECTIVE' AS kind, TIMESTAMP '2024-01-10' AS finished_at,
            TIMESTAMP '2024-01-10' AS updated_at FROM (VALUES ('A', 'Fouling'), ('A', 'Fouling'), ('A', 'Bearing wear'),
            ('B', 'Bearing wear'), ('B', 'Bearing wear'), ('B', 'Not found')) t(refinery_id, cause_found)""",
        "gold.plan_attainment": """SELECT *, DATE '2024-01-10' AS production_date FROM (VALUES ('A', 60, 0, 500.0),
            ('A', 0, 0, 70.0), ('A', 60, 60, 20.0), ('A', 60, 0, -9.0), ('B', 90, 60, 40.0))
            t(refinery_id, downtime_minutes, planned_stand_minutes, gap_barrels)""",
    }
    rows = {row["refinery_id"]: row for row in answer("work-orders", tables)}
    assert list(rows) == ["all", "A", "B"]
    assert {name: row["fails_most"] for name, row in rows.items()} == {
        "all": "Reformer",
        "A": "Coker",
        "B": "Reformer",
    }
    assert [row["by_cause"] for row in rows.values()] == ["Bearing wear", "Fouling", "Bearing wear"]
    assert [row["barrels_lost"] for row in rows.values()] == [540, 500, 40]
    assert [row["failures"] for row in rows.values()] == [7, 5, 2]
