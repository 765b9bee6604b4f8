"""What the pipeline found, by kind: from the reasons of rejected rows, and from the domain's own queries.

`domains/<domain>/detections/<kind>.sql` selects table_name and either key (a row) or sender, from_at and to_at
(a span), and found_at: when it could be known.
"""

from collections.abc import Iterator

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.contracts.load import domain_folder
from headrace.contracts.rules import MALFORMED, ODD_FIELD
from headrace.lake import log
from headrace.lake.delta_rs import duckdb_connected
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog
from headrace.settings import Settings
from headrace.tables import IS_IMPOSSIBLE, IS_IMPOSSIBLE_FOR_UNIT, IS_NULL, REFERS_TO_NOTHING
from headrace.writes.node import Node
from headrace.writes.way import way_of

KIND_OF_REASON = rf"""
    CASE WHEN reason IN ('{MALFORMED}', '{ODD_FIELD}') THEN 'malformed'
         ELSE CASE regexp_replace(reason, '^\w+ ', '')  -- without the name of the column
              WHEN '{IS_NULL}' THEN 'missing'
              WHEN '{IS_IMPOSSIBLE}' THEN 'impossible'
              WHEN '{IS_IMPOSSIBLE_FOR_UNIT}' THEN 'impossible'
              WHEN '{REFERS_TO_NOTHING}' THEN 'orphan' END END
"""
COLUMNS = "kind, table_name, key, line, sender, from_at, to_at, found_at, can_be_false"

HELD_UP = "'late', 'out_of_order'"


def gather_findings(
    db: duckdb.DuckDBPyConnection, paths: Paths, catalog: Catalog, settings: Settings
) -> None:
    """Makes the table `findings`."""
    db.execute(
        """CREATE TABLE findings (kind TEXT, table_name TEXT, key TEXT, line TEXT, sender TEXT,
           from_at TIMESTAMPTZ, to_at TIMESTAMPTZ, found_at TIMESTAMPTZ, can_be_false BOOLEAN)"""
    )
    for node in catalog.from_bronze:
        source = catalog.source_of(node).table
        _from_rejected(db, paths, node, source)
        _from_keys(db, paths, node, source)
    for kind, found in _detected(paths, catalog, settings):
        db.register("detected", found)
        db.execute(
            f"INSERT INTO findings BY NAME SELECT '{kind}' AS kind, *, true AS can_be_false FROM detected"
        )
        db.unregister("detected")


def _from_rejected(db: duckdb.DuckDBPyConnection, paths: Paths, node: Node, source: str) -> None:
    path = paths.rejected(node.name)
    if not log.exists(path):
        return
    key = node.table.keys[0]
    columns = [key, "_raw", "_reasons", "_sent_at"]
    db.register("rejected", DeltaTable(path).to_pyarrow_table(columns=columns))
    db.execute(
        f"""INSERT INTO findings ({COLUMNS})
            SELECT DISTINCT {KIND_OF_REASON}, '{source}', CAST({key} AS TEXT), _raw, NULL, NULL::TIMESTAMPTZ,
                   NULL::TIMESTAMPTZ, _sent_at, true
            FROM (SELECT *, unnest(_reasons) AS reason FROM rejected) WHERE {KIND_OF_REASON} IS NOT NULL"""
    )
    db.unregister("rejected")


def _from_keys(db: duckdb.DuckDBPyConnection, paths: Paths, node: Node, source: str) -> None:
    """A duplicate is caught where one of its copies is stored, or none and it was rejected for a reason.

    Where a way of writing drops duplicates only, a row that is neither stored nor rejected was dropped as one; without
    a planted copy that is a false alarm. Other ways drop rows that were overtaken, so theirs cannot be judged.
    """
    if not _gather_fates(db, paths, node, source):
        return
    appends = str("duplicates" in way_of(node.table.write).terms).lower()
    db.execute(
        f"""INSERT INTO findings ({COLUMNS})
            SELECT 'duplicate', '{source}', fates.key, NULL, NULL, NULL, NULL, last_sent_at, {appends}
            FROM fates LEFT JOIN planted p
            ON p.key = fates.key AND p.kind = 'duplicate' AND p.table_name = '{source}' AND p.scope = 'row'
            WHERE CASE WHEN p.key IS NULL THEN {appends} AND stored + rejected < arrived
                  ELSE arrived > 1 AND (stored = 1 OR (stored = 0 AND rejected > 0)) END"""
    )
    db.execute(
        f"""INSERT INTO findings ({COLUMNS})
            SELECT p.kind, '{source}', p.key, NULL, NULL, NULL, NULL, first_sent_at, false
            FROM planted p JOIN fates ON fates.key = p.key
            WHERE p.kind IN ({HELD_UP}) AND p.table_name = '{source}' AND p.scope = 'row' AND stored = 1"""
    )
    _late_spans(db, node, source)


def _gather_fates(db: duckdb.DuckDBPyConnection, paths: Paths, node: Node, source: str) -> bool:
    """Makes the table `fates`: how often each key arrived, is stored and was rejected, unless once and stored."""
    silver, bronze = paths.table("silver", node.name), paths.table("bronze", source)
    if not (log.exists(silver) and log.exists(bronze)):
        return False
    key = node.table.keys[0]
    one_each = "is_current" if "is_current" in DeltaTable(silver).schema().to_arrow().names else "true"
    nowhere = DeltaTable(bronze).to_pyarrow_dataset().scanner(filter=pc.scalar(False)).to_reader()
    rejected = paths.rejected(node.name)
    db.register("arrived", DeltaTable(bronze).to_pyarrow_dataset())
    db.register("stored", DeltaTable(silver).to_pyarrow_dataset())
    db.register("rejected", DeltaTable(rejected).to_pyarrow_dataset() if log.exists(rejected) else nowhere)
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE fates AS
            SELECT key, sum(in_bronze) AS arrived, sum(in_silver) AS stored, sum(set_aside) AS rejected,
                   min(_sent_at) AS first_sent_at, max(_sent_at) AS last_sent_at
            FROM (SELECT CAST({key} AS TEXT) AS key, 1 AS in_bronze, 0 AS in_silver, 0 AS set_aside, _sent_at
                  FROM arrived
                  UNION ALL SELECT CAST({key} AS TEXT), 0, 1, 0, NULL FROM stored WHERE {one_each}
                  UNION ALL SELECT CAST({key} AS TEXT), 0, 0, 1, NULL FROM rejected)
            WHERE key IS NOT NULL GROUP BY key
            HAVING sum(in_bronze) != 1 OR sum(in_silver) != 1
                OR key IN (SELECT key FROM planted WHERE kind IN ({HELD_UP}) AND table_name = '{source}')"""
    )
    return True


def _late_spans(db: duckdb.DuckDBPyConnection, node: Node, source: str) -> None:
    """A sender's late hours are caught where its rows of that time are all stored, or rejected for a reason."""
    happened = node.table.event_time
    senders = db.execute(
        "SELECT DISTINCT column_name FROM planted WHERE table_name = $t AND kind = 'late' AND scope = 'sender'",
        {"t": source},
    ).fetchall()
    for (sender,) in senders:
        db.execute(
            f"""INSERT INTO findings ({COLUMNS})
                SELECT 'late', '{source}', NULL, NULL, p.key, p.from_at, p.to_at, max(r._sent_at), false
                FROM planted p JOIN arrived r ON r.{sender} = p.key
                AND r.{happened} >= p.from_at AND r.{happened} < p.to_at
                LEFT JOIN fates ON fates.key = CAST(r.{node.table.keys[0]} AS TEXT)
                WHERE p.table_name = '{source}' AND p.kind = 'late' AND p.scope = 'sender'
                GROUP BY p.id, p.key, p.from_at, p.to_at
                HAVING bool_and(coalesce(stored = 1 OR rejected > 0, true))"""
        )


def _detected(paths: Paths, catalog: Catalog, settings: Settings) -> Iterator[tuple[str, pa.Table]]:
    """What each detection finds, asked where nothing but the domain's own tables can be seen."""
    with duckdb_connected(settings) as db:
        for ref in catalog.nodes:
            path = paths.table(ref.layer, ref.name)
            if log.exists(path):
                db.register(ref.name, DeltaTable(path).to_pyarrow_dataset())
        for file in sorted((domain_folder(paths.domain) / "detections").glob("*.sql")):
            yield file.stem, db.sql(file.read_text()).to_arrow_table()
