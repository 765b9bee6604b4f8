from pathlib import Path

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
