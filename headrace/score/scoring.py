"""Per kind of fault: how many were planted, caught and missed, how often the alarm was false, and how late.

A row is caught where the pipeline set it aside for that reason, or names its key; an episode where something
found of the same sender overlaps it. An alarm is false where nothing at all was planted that explains it.
"""

from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from headrace.errors import UsageError
from headrace.lake.paths import Paths
from headrace.refine.catalog import load_tables
from headrace.score.findings import gather_findings
from headrace.score.planted import gather_planted
from headrace.settings import Settings, get_settings

ORDER = (
    *("duplicate", "late", "missing", "impossible", "orphan", "malformed"),
    *("out_of_range", "wrong_unit", "spike", "stuck", "drift", "gap"),
)
SAME_ROW = "(p.key = f.key OR p.line = f.line)"
OVERLAPS = "p.key = f.sender AND f.from_at <= p.to_at AND f.to_at >= p.from_at"


@dataclass(frozen=True)
class KindScore:
    kind: str
    planted: int
    caught: int
    false_alarms: int
    delay: float | None = None
    """Median hours from the fault's beginning to when it was found."""

    @property
    def missed(self) -> int:
        return self.planted - self.caught

    @property
    def recall(self) -> float | None:
        return self.caught / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        found = self.caught + self.false_alarms
        return self.caught / found if found else None

    def as_dict(self) -> dict[str, Any]:
        rates = {"missed": self.missed, "recall": self.recall, "precision": self.precision}
        return asdict(self) | rates


def score(domain: str, settings: Settings | None = None) -> list[KindScore]:
    paths, catalog = Paths.of(domain, settings or get_settings()), load_tables(domain)
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        if not gather_planted(db, paths):
            raise UsageError(f"nothing was planted under {paths.truth}: only generated data can be scored")
        gather_findings(db, paths, catalog)
        kinds = [row[0] for row in db.execute("SELECT DISTINCT kind FROM planted").fetchall()]
        ordered = sorted(kinds, key=lambda kind: (ORDER.index(kind) if kind in ORDER else 99, kind))
        return [_scored(db, kind) for kind in ordered]


def _scored(db: duckdb.DuckDBPyConnection, kind: str) -> KindScore:
    planted, caught, delay = _one(
        db,
        f"""
        WITH hits AS (
            SELECT p.id, min(f.found_at) - any_value(p.from_at) AS delay
            FROM planted p JOIN findings f ON f.kind = p.kind AND f.table_name = p.table_name AND {SAME_ROW}
            WHERE p.kind = $kind AND p.scope = 'row' GROUP BY p.id
            UNION ALL
            SELECT p.id, min(f.found_at) - any_value(p.from_at)
            FROM planted p JOIN findings f ON f.kind = p.kind AND {OVERLAPS}
            WHERE p.kind = $kind AND p.scope = 'sender' GROUP BY p.id
        )
        SELECT (SELECT count(*) FROM planted WHERE kind = $kind), count(DISTINCT id),
               median(epoch(delay)) / 3600 FROM hits
        """,
        kind,
    )
    (false_alarms,) = _one(
        db,
        f"""
        SELECT count(*) FROM findings f WHERE f.kind = $kind AND f.can_be_false
        AND NOT EXISTS (SELECT 1 FROM planted p WHERE p.table_name = f.table_name AND p.key = f.key)
        AND NOT EXISTS (SELECT 1 FROM planted p WHERE p.line = f.line)
        AND NOT EXISTS (SELECT 1 FROM planted p WHERE p.scope = 'sender' AND {OVERLAPS})
        """,
        kind,
    )
    return KindScore(kind, planted, caught, false_alarms, None if delay is None else round(delay, 2))


def _one(db: duckdb.DuckDBPyConnection, sql: str, kind: str) -> tuple[Any, ...]:
    found = db.execute(sql, {"kind": kind}).fetchone()
    assert found is not None
    return tuple(found)
