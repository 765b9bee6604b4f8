"""Scores the pipeline by kind of fault: planted, caught, missed, false alarms, and the delay.

A row is caught where the pipeline set it aside for that reason, or names its key; an episode where something
found of the same sender overlaps it. An alarm is false unless a fault of its own kind was planted there, or one
of those that cannot but look like it. A kind without alarms has no number of false ones.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from headrace.errors import UsageError
from headrace.lake import objects
from headrace.lake.delta_rs import duckdb_connected
from headrace.lake.paths import Paths
from headrace.progress import Event, Stopwatch, tell
from headrace.refine.catalog import load_tables
from headrace.settings import Settings, get_settings
from simulation.generate.chunks import chunk_records
from simulation.score.findings import gather_findings
from simulation.score.matching import LEAST_SEEN

ORDER = (
    *("duplicate", "late", "out_of_order", "missing", "impossible", "orphan", "malformed"),
    *("out_of_range", "wrong_unit", "spike", "stuck", "drift", "gap", "excursion"),
)
CHUNK = "string_split(filename, '/')[-2]"
SAME_KEY = "p.table_name = f.table_name AND p.key = f.key"
SAME_LINE = "p.table_name = f.table_name AND p.line = f.line"
OVERLAPS = "p.key = f.sender AND f.from_at <= p.to_at AND f.to_at >= p.from_at"
LOOKS_LIKE = (
    ("out_of_range", "spike", "it may leap beyond the range"),
    ("out_of_range", "wrong_unit", "another unit's number may lie beyond the range"),
    ("orphan", "malformed", "what is left of a broken line names nothing"),
    ("spike", "out_of_range", "a value beyond the range leaps there and back"),
    ("duplicate", "out_of_range", "the truth tells only the first copy of a spoiled row"),
    ("duplicate", "spike", "as above"),
    ("duplicate", "wrong_unit", "as above"),
)
"""An alarm of the first kind is right about a row where the second kind was planted, and why."""


@dataclass(frozen=True)
class KindScore:
    kind: str
    planted: int
    caught: int
    false_alarms: int | None
    delay: float | None = None
    """Median hours from the fault's beginning to the end of the file or day that showed it."""

    @property
    def missed(self) -> int:
        return self.planted - self.caught

    @property
    def recall(self) -> float | None:
        return self.caught / self.planted if self.planted else None

    @property
    def precision(self) -> float | None:
        if self.false_alarms is None or not self.caught + self.false_alarms:
            return None
        return self.caught / (self.caught + self.false_alarms)

    def as_dict(self) -> dict[str, Any]:
        rates = {"missed": self.missed, "recall": self.recall, "precision": self.precision}
        return asdict(self) | rates


def score(domain: str, settings: Settings | None = None) -> list[KindScore]:
    settings = settings or get_settings()
    paths, catalog, watch = Paths.of(domain, settings), load_tables(domain), Stopwatch()
    tell(Event("score", "planted and found", "started"))
    with duckdb_connected(settings) as db:
        if not gather_planted(db, paths):
            raise UsageError(f"nothing was planted under {paths.truth}: only generated data can be scored")
        gather_findings(db, paths, catalog, settings)
        _gather_excuses(db)
        kinds = [row[0] for row in db.execute("SELECT DISTINCT kind FROM planted").fetchall()]
        ordered = sorted(kinds, key=lambda kind: (ORDER.index(kind) if kind in ORDER else 99, kind))
        scored = [_scored(db, kind) for kind in ordered]
    tell(Event("score", "planted and found", "done", sum(each.planted for each in scored), watch.seconds))
    return scored


def gather_planted(db: duckdb.DuckDBPyConnection, paths: Paths) -> int:
    """Makes the table `planted` and says how many faults it holds."""
    files = [each for each in objects.list_under(f"{paths.truth}/planted") if each.endswith(".parquet")]
    if not files:
        return 0
    db.execute(
        f"""
        CREATE TABLE planted AS
        SELECT row_number() OVER () AS id, *, {_was_seen(paths, files)} AS was_seen FROM (
            SELECT DISTINCT "table" AS table_name, kind, key, "column" AS column_name, from_at, to_at,
                   detail ->> 'scope' AS scope, detail ->> 'line' AS line
            FROM read_parquet($files, filename = true) WHERE NOT ({_not_sent(paths, files)})
        )
        """,
        {"files": files},
    )
    found = db.execute("SELECT count(*) FROM planted").fetchone()
    return int(found[0]) if found else 0


def _was_seen(paths: Paths, files: Sequence[str]) -> str:
    """Whether a fault that counts only if it was there for long was, within the span of its table."""
    cases = []
    for table in sorted({Path(file).parents[1].name for file in files}):
        chunks = chunk_records(paths, table)
        first = min((each.start for each in chunks), default="-infinity")
        last = max((each.end for each in chunks), default="infinity")
        for kind, least in LEAST_SEEN.items():
            seen = f"least(to_at, TIMESTAMP '{last}') - greatest(from_at, TIMESTAMP '{first}')"
            cases.append(
                f"WHEN kind = '{kind}' AND table_name = '{table}' THEN {seen} >= INTERVAL {least} MICROSECONDS"
            )
    return f"CASE {' '.join(cases)} ELSE true END"


def _not_sent(paths: Paths, files: Sequence[str]) -> str:
    """Messages enter the truth when they are made. Those that still wait in an outbox do not count."""
    conditions = ["false"]
    for table in sorted({Path(file).parents[1].name for file in files}):
        made = [each for each in chunk_records(paths, table) if each.into == "topic"]
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


def _scored(db: duckdb.DuckDBPyConnection, kind: str) -> KindScore:
    planted, caught, delay = _one(
        db,
        f"""
        WITH mine AS (SELECT * FROM planted WHERE kind = $kind AND was_seen),
        found AS (SELECT * FROM findings WHERE kind = $kind),
        met AS (  -- one join a line: with OR between them, every fault would be held against every finding
            SELECT p.id, p.from_at, f.found_at FROM mine p JOIN found f ON {SAME_KEY} AND p.scope = 'row'
            UNION ALL SELECT p.id, p.from_at, f.found_at FROM mine p JOIN found f ON {SAME_LINE} AND p.scope = 'row'
            UNION ALL SELECT p.id, p.from_at, f.found_at FROM mine p JOIN found f ON {OVERLAPS} AND p.scope = 'sender'
        ),
        hits AS (SELECT id, min(found_at) - any_value(from_at) AS delay FROM met GROUP BY id)
        SELECT (SELECT count(*) FROM mine), count(DISTINCT id),
               median(epoch(delay)) / 3600 FROM hits
        """,
        kind,
    )
    return KindScore(
        kind, planted, caught, _false_alarms(db, kind), None if delay is None else round(delay, 2)
    )


def _gather_excuses(db: duckdb.DuckDBPyConnection) -> None:
    """Makes the table `excuses`: every planted fault under each kind of alarm that is right about it."""
    pairs = ", ".join(f"('{alarm}', '{cause}')" for alarm, cause, _ in LOOKS_LIKE)
    db.execute(
        f"""CREATE TABLE excuses AS
            SELECT kind AS alarm, * FROM planted
            UNION ALL
            SELECT likes.alarm, p.* FROM planted p JOIN (VALUES {pairs}) likes(alarm, cause) ON cause = kind"""
    )


def _false_alarms(db: duckdb.DuckDBPyConnection, kind: str) -> int | None:
    raised, excused = _one(
        db,
        f"""
        WITH alarms AS (SELECT row_number() OVER () AS id, * FROM findings WHERE kind = $kind AND can_be_false),
        excuse AS (SELECT * FROM excuses WHERE alarm = $kind),
        excused AS (
            SELECT f.id FROM alarms f JOIN excuse p ON p.key = f.key AND p.table_name = f.table_name
            AND p.scope = 'row'
            UNION SELECT f.id FROM alarms f JOIN excuse p ON p.line = f.line
            UNION SELECT f.id FROM alarms f JOIN excuse p ON p.scope = 'sender' AND {OVERLAPS}
        )
        SELECT (SELECT count(*) FROM alarms), (SELECT count(*) FROM excused)
        """,
        kind,
    )
    return raised - excused if raised else None


def _one(db: duckdb.DuckDBPyConnection, sql: str, kind: str) -> tuple[Any, ...]:
    found = db.execute(sql, {"kind": kind}).fetchone()
    assert found is not None
    return tuple(found)
