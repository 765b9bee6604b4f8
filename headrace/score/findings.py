"""What the pipeline found, kind by kind: from the reasons of rejected rows, and from the domain's own queries.

`domains/<domain>/detections/<kind>.sql` selects table_name and either key (a row) or sender, from_at and to_at
(a span), and found_at: when it could be known.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
from deltalake import DeltaTable

from headrace.contracts.load import domain_folder
from headrace.lake import log
from headrace.lake.paths import Paths
from headrace.refine.catalog import Catalog, Node

KIND_OF_REASON = """
    CASE WHEN reason LIKE '% is null' THEN 'missing'
         WHEN reason LIKE '%impossible%' THEN 'impossible'
         WHEN reason LIKE '%refers to nothing' THEN 'orphan'
         WHEN reason IN ('malformed line', 'a field is unreadable or unexpected') THEN 'malformed' END
"""
COLUMNS = "kind, table_name, key, line, sender, from_at, to_at, found_at, can_be_false"


def gather_findings(db: duckdb.DuckDBPyConnection, paths: Paths, catalog: Catalog) -> None:
    """Makes the table `findings`."""
    db.execute(
        """CREATE TABLE findings (kind TEXT, table_name TEXT, key TEXT, line TEXT, sender TEXT,
           from_at TIMESTAMPTZ, to_at TIMESTAMPTZ, found_at TIMESTAMPTZ, can_be_false BOOLEAN)"""
    )
    for node in catalog.layer("silver"):
        source = catalog.source_of(node).table
        _from_rejected(db, paths, node, source)
        _from_keys(db, paths, node, source)
    for file in _detections(paths.domain):
        _register_lake(db, paths, catalog)
        db.execute(
            f"""INSERT INTO findings BY NAME
                SELECT '{file.stem}' AS kind, *, true AS can_be_false FROM ({file.read_text().rstrip().rstrip(";")})"""
        )


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
    """A duplicate is caught where its key is stored once at most, a late row where it is stored."""
    path = paths.table("silver", node.name)
    if not log.exists(path):
        return
    key = node.table.keys[0]
    one_each = "is_current" if "is_current" in DeltaTable(path).schema().to_arrow().names else "true"
    db.register("stored", DeltaTable(path).to_pyarrow_dataset())
    db.execute(
        f"""CREATE OR REPLACE TEMP TABLE times AS
            SELECT CAST({key} AS TEXT) AS key, count(*) AS times FROM stored
            WHERE {one_each} AND CAST({key} AS TEXT) IN (SELECT key FROM planted WHERE table_name = '{source}'
                AND kind IN ('duplicate', 'late')) GROUP BY ALL"""
    )
    _late_spans(db, node, source)
    db.unregister("stored")
    db.execute(
        f"""INSERT INTO findings ({COLUMNS})
            SELECT p.kind, '{source}', p.key, NULL, NULL, NULL, NULL, p.from_at, false
            FROM planted p LEFT JOIN times t ON t.key = p.key
            WHERE p.table_name = '{source}' AND p.scope = 'row'
            AND ((p.kind = 'duplicate' AND coalesce(t.times, 0) <= 1) OR (p.kind = 'late' AND t.times >= 1))"""
    )


def _late_spans(db: duckdb.DuckDBPyConnection, node: Node, source: str) -> None:
    """A sender's late hours are caught where its rows of that time are stored after all."""
    happened = node.table.event_time
    senders = db.execute(
        "SELECT DISTINCT column_name FROM planted WHERE table_name = $t AND kind = 'late' AND scope = 'sender'",
        {"t": source},
    ).fetchall()
    for (sender,) in senders:
        db.execute(
            f"""INSERT INTO findings ({COLUMNS})
                SELECT DISTINCT 'late', '{source}', NULL, NULL, p.key, p.from_at, p.to_at, p.from_at, false
                FROM planted p JOIN stored s ON s.{sender} = p.key
                AND s.{happened} >= p.from_at AND s.{happened} < p.to_at
                WHERE p.table_name = '{source}' AND p.kind = 'late' AND p.scope = 'sender'"""
        )


def _detections(domain: str) -> Iterator[Path]:
    yield from sorted((domain_folder(domain) / "detections").glob("*.sql"))


def _register_lake(db: duckdb.DuckDBPyConnection, paths: Paths, catalog: Catalog) -> None:
    for ref in catalog.nodes:
        path = paths.table(ref.layer, ref.name)
        if log.exists(path):
            db.register(ref.name, DeltaTable(path).to_pyarrow_dataset())
