"""Cuts off the old end of a live table's log.

Delta keeps a month of commits. A table that is written every other second has a million of them by then, in one
folder that every commit lists: at 60,000 files each takes a second longer (measured). What lies before a checkpoint
is needed only by those who read older versions, or follow the log from there.
"""

import re
import time

from headrace.lake import log, objects

_LOG_FILE = re.compile(r"/\.?(\d{20})\.(json|crc|checkpoint)[^/]*$")


def trim_log(table: str, *, hours: float, needed: int) -> int:
    """Removes what lies before the newest checkpoint that is old enough and not above the version that is needed;
    says how many files went."""
    names = objects.list_under(f"{table}/_delta_log")
    cut = _place_to_cut(table, names, hours, needed)
    old = [name for name in names if (found := _LOG_FILE.search(name)) and int(found[1]) < cut]
    for name in sorted(old):
        objects.delete(name)
    return len(old)


def _place_to_cut(table: str, names: list[str], hours: float, needed: int) -> int:
    latest = int(1000 * (time.time() - hours * 3600))
    for version in sorted(_checkpoints(names), reverse=True):
        commit = log.commit(table, version) if version <= needed else None
        if commit is not None and commit.info.get("timestamp", latest) < latest:
            return version
    return 0


def _checkpoints(names: list[str]) -> set[int]:
    whole = (name for name in names if name.endswith(".checkpoint.parquet") and "/." not in name)
    return {int(found[1]) for name in whole if (found := _LOG_FILE.search(name))}
