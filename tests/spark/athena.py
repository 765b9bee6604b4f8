"""What Athena is to be asked, read as Athena's and asked of the engine at hand, over the same tables."""

from typing import Any

import sqlglot

from headrace.serve.publish import athena_queries
from headrace.serve.query import run_sql
from headrace.settings import Settings


def answers_of_athena(domain: str, settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """By the name of the query."""
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
