"""Named queries in the dialects of Athena and of Databricks, over the databases that tables are published to."""

from collections.abc import Callable

import sqlglot
from sqlglot import expressions as sql

from headrace.contracts.load import domains_found
from headrace.lake.paths import LAYERS
from headrace.serve.query import list_queries, named_query

WRITTEN_FOR = "duckdb"

Place = Callable[[sql.Table, str], bool]


def translated(dialect: str, place: Place) -> dict[str, str]:
    """By `<domain>/<query>`, the question in the first line; those over what is not published (the ledger, scans) are
    left out. place: names a table as it is called there, given the query's domain; false where it is not there."""
    names = [name for name in list_queries() if name.split("/")[0] in domains_found()]
    written = {name: _in(dialect, named_query(name).sql, name.split("/")[0], place) for name in names}
    return {
        name: f"-- {_asked(named_query(name).question)}\n{text}\n"
        for name, text in written.items()
        if text is not None
    }


def _asked(question: str) -> str:
    return question.partition(" Columns:")[0]


def _in(dialect: str, text: str, domain: str, place: Place) -> str | None:
    tree = sqlglot.parse_one(text, read=WRITTEN_FOR)
    for table in tree.find_all(sql.Table):
        if table.db and not (table.db in LAYERS and place(table, domain)):
            return None
    return tree.sql(dialect, pretty=True, comments=False)


def database_of(domain: str, layer: str) -> str:
    return f"{domain}_{layer}"


def athena_queries() -> dict[str, str]:
    return translated("athena", _in_its_database)


def _in_its_database(table: sql.Table, domain: str) -> bool:
    table.set("db", sql.to_identifier(database_of(table.catalog or domain, table.db)))
    table.set("catalog", None)
    return True
