"""The log of a table with a commit every second, as the standing job's maintenance leaves it: what a reader lists, and
what a checkpoint costs. The log is written by hand as of a standing job of months; the trimming is the real one."""

import json
import os
import shutil
import time
from pathlib import Path
from statistics import median

from benchmarks.report import Row

LOG_HOURS, CHECKPOINT_EVERY = 6, 50
REAL_FILE = "part-00000-5a1c4b1e-9d2f-4c4d-8e6f-7a8b9c0d1e2f-c000.zstd.parquet"


def measure(home: Path, runs: int) -> list[Row]:
    from deltalake import DeltaTable

    from headrace.lake import log
    from headrace.live.standing_tables import REMOVED_FILES_HOURS

    table = home / "log"
    commits, removed = _months_of_seconds(table, hours=LOG_HOURS + 2, removed_hours=REMOVED_FILES_HOURS)
    before = len(list((table / "_delta_log").iterdir()))
    log.trim_log(str(table), hours=LOG_HOURS, needed=commits)
    names = [each.name for each in (table / "_delta_log").iterdir()]
    checkpoints = [each for each in names if each.endswith(".checkpoint.parquet")]
    last = max(int(each.split(".")[0]) for each in checkpoints)
    behind = [each for each in names if each[:20].isdigit() and int(each[:20]) >= last]
    size = max((table / "_delta_log" / each).stat().st_size for each in checkpoints)
    opens, writes = [], []
    for _ in range(max(runs, 3)):
        began = time.monotonic()
        delta = DeltaTable(str(table))
        opens.append(time.monotonic() - began)
        began = time.monotonic()
        delta.create_checkpoint()
        writes.append(time.monotonic() - began)
    shutil.rmtree(table)
    return [
        Row(
            f"a commit a second for months, {LOG_HOURS} hours of log: objects in `_delta_log`, those behind the last "
            "checkpoint",
            "no more than the seconds of these hours and a tenth; a hundred",
            f"{before:,} before, {len(names):,} after, {len(checkpoints)} of them checkpoints; {len(behind)}",
            len(names) < 1.1 * 3600 * LOG_HOURS and len(behind) <= 2 * CHECKPOINT_EVERY,
        ),
        Row(
            f"the same, with {removed:,} files that left within a day: a checkpoint, opening the table",
            "2 s, 1 s",
            f"{size / 1e6:.1f} MB in {median(writes):.2f} s, {median(opens):.2f} s",
            median(writes) < 2 and median(opens) < 1,
        ),
    ]


def _months_of_seconds(table: Path, *, hours: int, removed_hours: int) -> tuple[int, int]:
    """Writes the log of the last hours before now, with times moved; the version that it ends with, and the files that
    it knows as removed."""
    from deltalake import DeltaTable

    shutil.rmtree(table, ignore_errors=True)
    folder = table / "_delta_log"
    folder.mkdir(parents=True)
    now, last = time.time(), 3600 * hours
    schema = {"type": "struct", "fields": [{"name": "row", "type": "long", "nullable": True, "metadata": {}}]}
    removed = 3600 * removed_hours
    first = [
        {"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}},
        {
            "metaData": {
                "id": "5a1c4b1e-9d2f-4c4d-8e6f-7a8b9c0d1e2f",
                "format": {"provider": "parquet", "options": {}},
                "schemaString": json.dumps(schema),
                "partitionColumns": [],
                "configuration": {"delta.deletedFileRetentionDuration": f"interval {removed_hours} hours"},
            }
        },
        *(_removed(number, now - number) for number in range(removed)),
    ]
    for version in range(last + 1):
        at = now - (last - version)
        info = {"timestamp": int(1000 * at), "operation": "WRITE", "operationParameters": {}}
        actions = [{"commitInfo": info}, *(first if version == 0 else [_added(version, at)])]
        file = folder / f"{version:020d}.json"
        file.write_text("\n".join(map(json.dumps, actions)))
        os.utime(file, (at, at))
    newest = last - last % CHECKPOINT_EVERY - 1
    DeltaTable(str(table), version=newest).create_checkpoint()
    # Nobody reads the checkpoints before the newest, so they are empty.
    for version in range(CHECKPOINT_EVERY - 1, newest, CHECKPOINT_EVERY):
        file, at = folder / f"{version:020d}.checkpoint.parquet", now - (last - version)
        file.touch()
        os.utime(file, (at, at))
    return last, removed


def _added(version: int, at: float) -> dict:
    stats = json.dumps({"numRecords": 1000})
    path = f"{version:08x}-{REAL_FILE}"
    add = {"path": path, "partitionValues": {}, "size": 24000, "modificationTime": int(1000 * at)}
    return {"add": {**add, "dataChange": True, "stats": stats}}


def _removed(number: int, at: float) -> dict:
    remove = {"path": f"{number:08x}-r-{REAL_FILE}", "deletionTimestamp": int(1000 * at), "dataChange": False}
    return {"remove": {**remove, "extendedFileMetadata": True, "partitionValues": {}, "size": 24000}}
