"""The truth as a table: one row per planted fault."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from headrace.lake import objects
from headrace.lake.paths import Paths
from simulation.generate.chunks import made_before

CHUNK = "string_split(filename, '/')[-2]"


def gather_planted(db: duckdb.DuckDBPyConnection, paths: Paths) -> int:
    """Makes the table `planted` and says how many faults it holds."""
    files = [each for each in objects.list_under(f"{paths.truth}/planted") if each.endswith(".parquet")]
    if not files:
        return 0
    db.execute(
        f"""
        CREATE TABLE planted AS
        SELECT row_number() OVER () AS id, * FROM (
            SELECT DISTINCT "table" AS table_name, kind, key, "column" AS column_name, from_at, to_at,
                   detail ->> 'scope' AS scope, detail ->> 'line' AS line
            FROM read_parquet($files, filename = true) WHERE NOT ({_not_sent(paths, files)})
        )
        """,
        {"files": files},
    )
    found = db.execute("SELECT count(*) FROM planted").fetchone()
    return int(found[0]) if found else 0


def _not_sent(paths: Paths, files: Sequence[str]) -> str:
    """Messages are told to the truth when they are made; those that still wait in an outbox are not to be found."""
    conditions = ["false"]
    for table in sorted({Path(file).parents[1].name for file in files}):
        made = [each for each in made_before(paths, table) if each.into == "topic"]
        if not made:
            continue
        cursor = objects.get_json(f"{paths.outbox(table)}/cursor.json") or {}
        sent = [each.end for each in made if each.chunk == cursor.get("chunk")]
        until = cursor.get("until") or (f"{sent[0]}Z" if sent else "-infinity")
        conditions.append(
            f"""coalesce("table" = '{table}' AND {CHUNK} LIKE '%T%' AND {CHUNK} >= '{min(each.chunk for each in made)}'
                AND ({CHUNK} > '{cursor.get("chunk", "")}' OR (detail ->> 'sent_at')::TIMESTAMPTZ > '{until}'
                     OR from_at > '{until}'), false)"""
        )
    return " OR ".join(conditions)
