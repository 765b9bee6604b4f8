"""Gold tables held against the same said by other means, and queries against the wording that Athena gets."""

from typing import Any

import pytest
import sqlglot

from headrace.refine.catalog import load_tables
from headrace.serve.publish import athena_queries
from headrace.serve.query import run_sql
from headrace.settings import Settings

Rows = list[dict[str, Any]]


def asked_of(domain: str, sql: str, settings: Settings) -> Rows:
    return run_sql(sql, domain=domain, settings=settings).as_dicts()


def asked_as_of(domain: str, sql: str, settings: Settings, as_of: str) -> Rows:
    return asked_of(domain, sql.replace("$as_of", f"timestamptz '{as_of}+00'"), settings)


def compare(domain: str, name: str, rows: Rows, theirs: Rows) -> None:
    """Holds rows of a gold table against the same said by other means, in the columns that these have."""
    keys = load_tables(domain).node(name, "gold").table.keys
    ours = {tuple(row[key] for key in keys): row for row in rows}
    assert {tuple(row[key] for key in keys) for row in theirs} == set(ours)
    for row in theirs:
        same = ours[tuple(row[key] for key in keys)]
        assert {each: same[each] for each in row} == {each: _nearly(value) for each, value in row.items()}


def _nearly(value: Any) -> Any:
    return pytest.approx(value, rel=1e-6, abs=1e-6) if isinstance(value, int | float) else value


def answers_of_athena(domain: str, settings: Settings) -> dict[str, Rows]:
    """By the name of the query: what Athena is to be asked, read as Athena's, of the engine at hand."""
    return {
        name: run_sql(_from_athena(text), settings=settings).as_dicts()
        for name, text in athena_queries().items()
        if name.startswith(f"{domain}/")
    }


def _from_athena(text: str) -> str:
    tree = sqlglot.parse_one(text, read="athena")
    for table in tree.find_all(sqlglot.exp.Table):
        if table.db:
            domain, layer = table.db.rsplit("_", 1)
            table.set("catalog", sqlglot.to_identifier(domain))
            table.set("db", sqlglot.to_identifier(layer))
    return tree.sql("duckdb")
