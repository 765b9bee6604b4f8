"""Named queries as Athena has them: in its dialect, over the databases that tables are published to."""

from sqlglot import expressions as sql

from headrace.serve.translate import translated


def database_of(domain: str, layer: str) -> str:
    return f"{domain}_{layer}"


def athena_queries() -> dict[str, str]:
    return translated("athena", _in_its_database)


def _in_its_database(table: sql.Table, domain: str) -> bool:
    table.set("db", sql.to_identifier(database_of(table.catalog or domain, table.db)))
    table.set("catalog", None)
    return True
