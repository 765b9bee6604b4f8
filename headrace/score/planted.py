"""The truth as a table: one row per planted fault."""

from pathlib import Path

import duckdb

from headrace.lake.paths import Paths


def gather_planted(db: duckdb.DuckDBPyConnection, paths: Paths) -> int:
    """Makes the table `planted` and says how many faults it holds."""
    files = [str(file) for file in sorted(Path(paths.truth).glob("planted/*/*/*.parquet"))]
    if not files:
        return 0
    db.execute(
        """
        CREATE TABLE planted AS
        SELECT row_number() OVER () AS id, * FROM (
            SELECT DISTINCT "table" AS table_name, kind, key, "column" AS column_name, from_at, to_at,
                   detail ->> 'scope' AS scope, detail ->> 'line' AS line
            FROM read_parquet($files)
        )
        """,
        {"files": files},
    )
    found = db.execute("SELECT count(*) FROM planted").fetchone()
    return int(found[0]) if found else 0
