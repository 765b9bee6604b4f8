"""Named queries as Athena has them: in its dialect, over the databases that tables are published to."""

import sqlglot
from sqlglot import expressions as sql

from headrace.contracts.load import domains_found
from headrace.lake.paths import LAYERS
from headrace.serve.query import list_queries, named_query

WRITTEN_FOR, DIALECT = "duckdb", "athena"


def database_of(domain: str, layer: str) -> str:
    return f"{domain}_{layer}"


def athena_queries() -> dict[str, str]:
    """By `<domain>/<query>`; those over what is not published (the ledger, scans) are left out."""
    names = [name for name in list_queries() if name.split("/")[0] in domains_found()]
    written = {name: _as_athena(named_query(name).sql, name.split("/")[0]) for name in names}
    return {
        name: f"-- {_asked(named_query(name).question)}\n{text}\n"
        for name, text in written.items()
        if text is not None
    }


def _asked(question: str) -> str:
    return question.partition(" Columns:")[0]


def _as_athena(text: str, domain: str) -> str | None:
    tree = sqlglot.parse_one(text, read=WRITTEN_FOR)
    for table in tree.find_all(sql.Table):
        if not table.db:
            continue
        if table.db not in LAYERS:
            return None
        table.set("db", sql.to_identifier(database_of(table.catalog or domain, table.db)))
        table.set("catalog", None)
    return tree.sql(DIALECT, pretty=True, comments=False)
