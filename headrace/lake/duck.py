"""DuckDB, for what needs no Spark: in UTC, with a bound on its memory and a folder for what exceeds it."""

from contextlib import suppress
from typing import Any

import duckdb

from headrace.settings import Settings

MEMORY = "2GB"


def connect(settings: Settings, **options: Any) -> duckdb.DuckDBPyConnection:
    spill = (settings.home / "spill" / "duckdb").absolute()
    with suppress(OSError):  # whoever may only read the lake has to do with memory
        spill.parent.mkdir(parents=True, exist_ok=True)
    db = duckdb.connect(config={"memory_limit": MEMORY, "temp_directory": str(spill), **options})
    db.execute("SET TimeZone = 'UTC'")
    return db
