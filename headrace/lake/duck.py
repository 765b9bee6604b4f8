"""DuckDB, for what needs no Spark: in UTC, with a bound on its memory and a folder for what exceeds it."""

from typing import Any

import duckdb

from headrace.settings import Settings

MEMORY = "2GB"


def connect(settings: Settings, **options: Any) -> duckdb.DuckDBPyConnection:
    spill = str((settings.home / "spill" / "duckdb").absolute())
    db = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": spill, **options})
    db.execute("SET TimeZone = 'UTC'")
    return db
