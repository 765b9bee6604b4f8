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
