"""The change data feed of a Delta table, left as live files: what changed since the last version that was left.

A file is named by its table and the versions that it holds, so the index of files tells how far a feed was read, and
whatever holds for files holds for changes, too: each is taken once, and the receipt counts them. Of a table that was
never read, what it holds comes first, as inserts, as Delta's own streams do.
"""

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from urllib.parse import unquote

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql import types as T

from headrace.contracts.model import CHANGE_TURN, CHANGE_TYPE, COMMIT_TIME, COMMIT_VERSION, Contract
from headrace.contracts.schema import sent_schema
from headrace.errors import HeadraceError, UsageError
from headrace.lake import log, objects
from headrace.lake.delta_rs import opened
from headrace.lake.paths import Paths
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings
from headrace.sources.file_index import FileIndex
from headrace.sources.files import DROPPED, drop_folder_of

FOLDER = "delta"
NAMED = re.compile(rf"^{DROPPED}{FOLDER}/([^/]+)/(\d+)-(\d+)\.parquet$")
FEED = "delta.enableChangeDataFeed"
BEFORE = ("delete", "update_preimage")
FITS = {
    "int": ("tinyint", "smallint"),
    "bigint": ("tinyint", "smallint", "int"),
    "double": ("float", "decimal"),
    "timestamp": ("timestamp_ntz",),
}
"""Types that are taken as wider ones."""


def place_of(contract: Contract, settings: Settings) -> str:
    """Where the table lies that a contract names."""
    named = str(contract.arrives.delta)
    if "://" in named or named.startswith("/"):
        return named.replace("s3://", "s3a://", 1)
    if not settings.delta_sources:
        raise UsageError(
            f"the contract of {contract.table} names the Delta table {named}: set HEADRACE_DELTA_SOURCES_URL to the "
            "folder or bucket that it lies in, or let the contract name its whole path"
        )
    return f"{settings.delta_sources}/{named}"


class DeltaFeed:
    """The Delta table that a contract names; whoever leaves its changes holds the lease of the bronze table."""

    def __init__(self, contract: Contract, paths: Paths, settings: Settings) -> None:
        self._contract, self._place = contract, place_of(contract, settings)
        self._drops = drop_folder_of(paths, contract.table)
        self._index = FileIndex(paths, contract.table).with_commits()

    def waiting(self) -> int:
        """How many versions that change rows were not left; what a table held when it was first seen is one."""
        newest, left = log.version(self._place), self._last_left()
        if left < 0 or newest < 0:
            return int(newest >= 0)
        commits = (log.commit(self._place, version) for version in range(left + 1, newest + 1))
        return sum(commit is None or commit.changes_rows for commit in commits)

    def leave(self, start: Callable[[], SparkSession]) -> None:
        """Leaves one file with all that waits."""
        watch, newest, left = Stopwatch(), log.version(self._place), self._last_left()
        item = f"{FOLDER} {self._contract.arrives.delta}"
        if newest < 0:
            tell(Event("bronze", item, "skipped", note=f"there is no Delta table at {self._place}"))
            return
        self._check(newest, left)
        if not self.waiting():
            return
        begin = left + 1 if left >= 0 else newest
        making = f"{self._drops.home}/_{FOLDER}"
        objects.delete_under(making)
        try:
            changes = self._changes(start().newSession(), left, newest)
            changes.coalesce(1).write.parquet(making)
        except HeadraceError:
            raise
        except Exception as error:
            self._check_readable(left, newest, error)
            raise
        (file,) = [url for url in objects.list_under(making) if url.endswith(".parquet")]
        objects.move(file, f"{self._drops.home}/{FOLDER}/{self._table_id}/{begin:012d}-{newest:012d}.parquet")
        objects.delete_under(making)
        note = f"versions {begin} to {newest}" if left >= 0 else f"what it holds at version {newest}"
        tell(Event("bronze", item, "done", seconds=watch.seconds, note=note))

    @property
    def _table_id(self) -> str:
        return str(opened(self._place).metadata().id)

    def _files_left(self) -> Iterator[re.Match[str]]:
        """Of all that was ever left, the table's id and its versions."""
        known = [file.name for file in (*self._index.taken(DROPPED), *self._index.set_aside())]
        for name in (*known, *self._drops.claimed(), *self._drops.lying()):
            if found := NAMED.match(name):
                yield found

    def _last_left(self) -> int:
        return max((int(found[3]) for found in self._files_left()), default=-1)

    def _check(self, newest: int, left: int) -> None:
        """Raises where the table keeps no feed, is not the one that was read before, or forgot what was not read."""
        table = opened(self._place).metadata()
        if newest < left or {found[1] for found in self._files_left()} - {str(table.id)}:
            raise HeadraceError(
                f"the Delta table {self._place} was made anew since version {left} was taken from it, and its versions "
                "would count twice: put it at another place and let the contract of a new table name that, or begin a "
                "new lake with another HEADRACE_HOME."
            )
        if table.configuration.get(FEED) != "true":
            raise UsageError(
                f"the Delta table {self._place} keeps no change data feed. Its owner turns it on: ALTER TABLE … SET "
                f"TBLPROPERTIES ({FEED} = true)"
            )
        if left >= 0 and any(log.commit(self._place, each) is None for each in range(left + 1, newest + 1)):
            self._check_readable(left, newest, None)

    def _changes(self, spark: SparkSession, left: int, newest: int) -> DataFrame:
        """The contract's columns of the changes after a version, or of all rows as inserts where none was left."""
        reader = spark.read.format("delta")
        if left >= 0:
            span = {"startingVersion": left + 1, "endingVersion": newest}
            changes = reader.option("readChangeFeed", "true").options(**span).load(self._place)
        else:
            info = commit.info if (commit := log.commit(self._place, newest)) is not None else {}
            since = datetime.fromtimestamp(
                info.get("inCommitTimestamp", info.get("timestamp", 0)) / 1000, UTC
            )
            own = {CHANGE_TYPE: "insert", COMMIT_VERSION: newest, COMMIT_TIME: since}
            rows = reader.option("versionAsOf", newest).load(self._place)
            changes = rows.withColumns({name: F.lit(value) for name, value in own.items()})
        turn = F.when(F.col(CHANGE_TYPE).isin(*BEFORE), 0).otherwise(1)
        return changes.withColumn(CHANGE_TURN, turn).select(*self._columns(changes.schema))

    def _columns(self, schema: T.StructType) -> Iterator[Column]:
        there = {field.name: field.dataType.simpleString() for field in schema}
        there |= {CHANGE_TURN: "int", COMMIT_VERSION: "bigint"}
        said = f"the contract of {self._contract.table} says"
        for field in sent_schema(self._contract):
            wanted, found = field.dataType.simpleString(), there.get(field.name)
            if found is None:
                raise UsageError(
                    f"the Delta table {self._place} has no column {field.name}, which {said}; it has "
                    f"{', '.join(each for each in there if not each.startswith('_'))}"
                )
            if found != wanted and found.partition("(")[0] not in FITS.get(wanted, ()):
                raise UsageError(
                    f"the Delta table {self._place} holds {field.name} as {found}, and {said} {wanted}"
                )
            yield F.col(f"`{field.name}`").cast(field.dataType).alias(field.name)

    def _check_readable(self, left: int, newest: int, error: Exception | None) -> None:
        """Raises where the table no longer has what changed with one of the versions after the last that was left."""
        for version in range(left + 1, newest + 1) if left >= 0 else ():
            if not _is_readable(self._place, version):
                raise HeadraceError(
                    f"what changed with version {version} of the Delta table {self._place} is gone: VACUUM removed its "
                    f"files, or its log was cut, before they were read. The last version that was taken is {left}, the "
                    f"newest {newest}; nothing was written. A new lake with another HEADRACE_HOME begins with what the "
                    "table holds now. Let its owner keep changes for longer than between two runs "
                    "(delta.deletedFileRetentionDuration, delta.logRetentionDuration)."
                ) from error


def _is_readable(place: str, version: int) -> bool:
    """Whether the log and the files of a version are there."""
    commit = log.commit(place, version)
    if commit is None:
        return False
    changes = [action["cdc"] for action in commit.actions if "cdc" in action]
    files = [action[kind] for action in commit.actions for kind in ("add", "remove") if kind in action]
    wanted = changes or [file for file in files if file.get("dataChange", True)]
    return all(objects.exists(f"{place}/{unquote(file['path'])}") for file in wanted)
