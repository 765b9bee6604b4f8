"""The log of a Delta table: its versions, what a commit said of itself, which partitions it touched.

The log is an open format of one JSON file a commit; reading it here costs milliseconds, asking Spark costs a job. The
old end of a live table's log is cut off: Delta keeps a month of commits, a table that is written every other second has
a million of them by then, and every commit lists their folder (at 60,000 files each takes a second longer, measured).
"""

import json
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from deltalake import DeltaTable

from headrace.lake import objects

DEFAULT_PARTITION = "__HIVE_DEFAULT_PARTITION__"
"""What a file of rows without a value may have for one."""
SPARKS_NAMES = {"num_added_rows": "numOutputRows", "num_target_rows_deleted": "numDeletedRows"}
_COMMIT = re.compile(r"/(\d{20})\.json$")


@dataclass(frozen=True)
class Commit:
    version: int
    actions: tuple[dict[str, Any], ...]

    @property
    def info(self) -> dict[str, Any]:
        return next((a["commitInfo"] for a in self.actions if "commitInfo" in a), {})

    @property
    def metrics(self) -> dict[str, int]:
        """Under Spark's names, whoever wrote it."""
        metrics = self.info.get("operationMetrics", {})
        counts = {name: value for name, value in metrics.items() if str(value).lstrip("-").isdigit()}
        return {SPARKS_NAMES.get(name, name): int(value) for name, value in counts.items()}

    @property
    def note(self) -> dict[str, Any]:
        """What the writer attached as userMetadata."""
        text = self.info.get("userMetadata")
        return json.loads(text) if text else {}

    @property
    def txn(self) -> tuple[str, int] | None:
        return next(((a["txn"]["appId"], a["txn"]["version"]) for a in self.actions if "txn" in a), None)

    def partitions(self, column: str) -> set[str | None]:
        """The values of a partition column in which rows came or went."""
        changed = [a[kind] for a in self.actions for kind in ("add", "remove") if kind in a]
        return {
            file.get("partitionValues", {}).get(column) for file in changed if file.get("dataChange", True)
        }

    @property
    def changes_rows(self) -> bool:
        return any(a[k].get("dataChange", True) for a in self.actions for k in ("add", "remove") if k in a)


_SEEN: dict[str, int] = {}


def version(table: str) -> int:
    """The newest version, or -1 where there is no table. The log of a live table is long: it is listed once, and
    looked on from the version seen last."""
    known = _SEEN.get(table, -1)
    if known < 0 or not objects.exists(_file(table, known)):
        names = objects.list_under(f"{table}/_delta_log")
        known = max((int(found[1]) for name in names if (found := _COMMIT.search(name))), default=-1)
    while known >= 0 and objects.exists(_file(table, known + 1)):
        known += 1
    _SEEN[table] = known
    return known


def exists(table: str) -> bool:
    return version(table) >= 0


def commit(table: str, number: int) -> Commit | None:
    body = objects.get(_file(table, number))
    if body is None:
        return None
    return Commit(number, tuple(json.loads(line) for line in body.splitlines() if line.strip()))


def commits_after(table: str, number: int) -> list[Commit] | None:
    """The commits after a version, oldest first; None where the log no longer reaches back that far."""
    wanted = range(number + 1, version(table) + 1)
    found = [commit(table, each) for each in wanted]
    return None if any(each is None for each in found) else [each for each in found if each is not None]


def changed_partitions(
    table: str, column: str, after: int, until: int | None = None
) -> set[str | None] | None:
    """The values of a partition column in which rows came or went after a version, up to another one or the newest;
    among them None for rows without a value. None for all where the log no longer reaches back that far."""
    commits = commits_after(table, after)
    if commits is None:
        return None
    values = (each.partitions(column) for each in commits if until is None or each.version <= until)
    return {None if value == DEFAULT_PARTITION else value for value in set[str | None]().union(*values)}


def commit_of_batch(table: str, app: str, batch: int) -> Commit | None:
    """The commit that an idempotent writer made for one of its batches."""
    own = ((each, each.txn[1]) for each in backwards(table) if each.txn is not None and each.txn[0] == app)
    found, number = next(((each, number) for each, number in own if number <= batch), (None, -1))
    return found if number == batch else None


def last_batch_of(table: str, app: str) -> int:
    """The number of an idempotent writer's last batch, be its commit gone from the log; -1 where it wrote none."""
    number = DeltaTable(table).transaction_version(app) if exists(table) else None
    return -1 if number is None else number


def last_commit_of(table: str, app: str) -> Commit | None:
    """The newest commit of an idempotent writer; its txn names the batch."""
    return next((each for each in backwards(table) if each.txn is not None and each.txn[0] == app), None)


def backwards(table: str) -> Iterator[Commit]:
    """From the newest commit to the oldest of which the log still tells."""
    for number in range(version(table), -1, -1):
        found = commit(table, number)
        if found is None:
            return
        yield found


def last_said(table: str, key: str) -> Any:
    """What the newest write said under a key, be it a write of no rows; None where it said nothing."""
    newest = last_write(table, key)
    return newest.note.get(key) if newest is not None else None


def last_write(table: str, key: str) -> Commit | None:
    """The newest commit that changed rows or says something under a key."""
    return next((each for each in backwards(table) if each.changes_rows or key in each.note), None)


def _file(table: str, number: int) -> str:
    return f"{table}/_delta_log/{number:020d}.json"


def row_count(table: str, at: int | None = None) -> int:
    """The rows of a version, else of the newest, from its files' statistics; 0 where there is no table."""
    if not exists(table):
        return 0
    adds = DeltaTable(table, version=at).get_add_actions(flatten=True)
    return int(pc.sum(pa.table(adds).column("num_records")).as_py() or 0)


_LOG_FILE = re.compile(r"/\.?(\d{20})\.(json|crc|checkpoint)[^/]*$")
_CHECKPOINT = re.compile(r"/\d{20}\.checkpoint\.parquet$")


CHECKPOINTS_KEPT_SECONDS, VERSIONS_PER_CHECKPOINT = 3600, 1000


def trim_log(table: str, *, hours: float, needed: int) -> int:
    """Removes what lies before the newest checkpoint that is old enough and not above the version that is needed, and
    of older checkpoints behind it all but one in a thousand versions; says how many files went. A reader replays the
    commits since the checkpoint before the version that it reads."""
    files = [
        (int(named[1]), file)
        for file in objects.look_under(f"{table}/_delta_log")
        if (named := _LOG_FILE.search(file.url))
    ]
    checkpoints = {number: file for number, file in files if _CHECKPOINT.search(file.url)}
    now = time.time()
    old = [n for n, file in checkpoints.items() if n <= needed and file.modified <= now - 3600 * hours]
    cut, *_ = sorted(old, reverse=True) or [0]
    gone = sorted(file.url for number, file in files if number < cut)
    spare, kept = sorted(number for number in checkpoints if number > cut)[:-2], cut
    for number in spare:
        is_old = checkpoints[number].modified <= now - CHECKPOINTS_KEPT_SECONDS
        if is_old and number // VERSIONS_PER_CHECKPOINT == kept // VERSIONS_PER_CHECKPOINT:
            gone.append(checkpoints[number].url)
        else:
            kept = number
    for name in gone:
        objects.delete(name)
    return len(gone)
