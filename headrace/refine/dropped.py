"""The folder into which live files of a table are dropped, each looked at once and known by its name from then on.

Whoever drops a file keeps the right to its name only until it is taken: a taken file is moved out of reach first, then
looked at, then read. One that comes again is put away unread, for its name and its content are in the ledger; one that
brings something else under a known name goes by a new name.
"""

import hashlib
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import PurePosixPath

from headrace.contracts.model import Contract
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.refine.readable import damage, judged

FROM_FOLDER = "dropped:"
KINDS = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet", ".csv": "csv"}
SETTLED_SECONDS = 1.0
MOST_FILES = 500
_STRANGE = re.compile(r"[^A-Za-z0-9._=+/-]")  # Spark would take some of them for a pattern


@dataclass(frozen=True)
class Dropped:
    """One live file: how many lines it holds, or why it was set aside."""

    name: str
    lines: int
    digest: str
    set_aside: str | None = None

    @property
    def kind(self) -> str:
        return KINDS[PurePosixPath(self.name).suffix]


class DropFolder:
    def __init__(self, paths: Paths, contract: Contract) -> None:
        self._paths, self._contract = paths, contract
        self.taking = paths.taking(contract.table)

    def waiting(self) -> int:
        """Files that nobody has taken yet."""
        return sum(1 for _ in self._in_reach()) + len(objects.list_under(self.taking))

    def next_batch(self, most_lines: int) -> list[Dropped]:
        """Takes files until they hold so many lines, the oldest first; those that cannot be read are set aside."""
        files: list[Dropped] = []
        for name in chain(self._left_behind(), self._claimed()):
            file = self._looked_at(name)
            if file is not None:
                files.append(file)
            if sum(each.lines for each in files) >= most_lines or len(files) == MOST_FILES:
                break
        return files

    def record(self, files: Sequence[Dropped]) -> None:
        """From now on they are known as read."""
        for file in files:
            objects.put_json(self._record_of(file.name), asdict(file))

    def put_away(self, files: Sequence[Dropped]) -> None:
        for file in files:
            self._move(file.name, file.set_aside)

    def forget_taken(self, hours: int) -> None:
        forget_taken(self._paths, self._contract.table, hours)

    def _in_reach(self) -> Iterator[objects.Found]:
        folder = self._paths.dropped(self._contract.table)
        for found in objects.look_under(folder):
            if not any(part.startswith((".", "_")) for part in found.url.removeprefix(folder).split("/")):
                yield found

    def _left_behind(self) -> list[str]:
        """What a run was taking when it was killed."""
        return [url.removeprefix(f"{self.taking}/") for url in objects.list_under(self.taking)]

    def _claimed(self) -> Iterator[str]:
        folder, there = self._paths.dropped(self._contract.table), set(self._left_behind())
        for found in self._in_reach():
            name = _STRANGE.sub("_", found.url.removeprefix(f"{folder}/"))
            if name in there or _is_being_written(found):
                continue
            there.add(name)
            try:
                objects.move(found.url, f"{self.taking}/{name}")
            except FileNotFoundError:  # whoever dropped it took it back
                continue
            yield name

    def _looked_at(self, name: str) -> Dropped | None:
        """None where there is nothing to be read from it, or nothing new."""
        with objects.opened(f"{self.taking}/{name}") as body:
            digest = hashlib.file_digest(body, "sha256").hexdigest()
        before = self._known(name)
        if before is not None and before.digest == digest:
            self._move(name, before.set_aside)
            return None
        if before is not None:
            name = self._under_new_name(name)
        reason, lines = self._judged(name)
        file = Dropped(name, lines, digest, reason)
        if reason is None:
            return file
        self.record([file])
        self._move(name, reason)
        return None

    def _judged(self, name: str) -> tuple[str | None, int]:
        ending = PurePosixPath(name).suffix
        if ending not in KINDS:
            return f"named {ending or 'without an ending'}; live files end in {', '.join(KINDS)}", 0
        with objects.opened(f"{self.taking}/{name}") as body:
            reason, lines = judged(body, KINDS[ending], self._contract)
            if reason is None and KINDS[ending] == "parquet":
                reason = damage(body)
        return reason, 0 if reason else lines

    def _known(self, name: str) -> Dropped | None:
        found = objects.get_json(self._record_of(name))
        return Dropped(**found) if found else None

    def _record_of(self, name: str) -> str:
        key = hashlib.sha256(name.encode()).hexdigest()[:20]
        return f"{self._paths.drops(self._contract.table)}/{key}.json"

    def _under_new_name(self, name: str) -> str:
        """The first of name.2.json, name.3.json, … that was never there."""
        path = PurePosixPath(name)
        later = (str(path.with_name(f"{path.stem}.{number}{path.suffix}")) for number in count(2))
        free = next(each for each in later if self._known(each) is None)
        objects.move(f"{self.taking}/{name}", f"{self.taking}/{free}")
        return free

    def _move(self, name: str, set_aside: str | None) -> None:
        table = self._contract.table
        today = f"{datetime.now(UTC):%Y-%m-%d}"
        there = self._paths.dropped_aside(table) if set_aside else f"{self._paths.taken(table)}/{today}"
        objects.move(f"{self.taking}/{name}", f"{there}/{name}")


def known_drops(paths: Paths, table: str) -> list[Dropped]:
    return [Dropped(**found) for found in objects.all_json(paths.drops(table))]


def forget_taken(paths: Paths, table: str, hours: int) -> int:
    """Removes the files that were taken so long ago; bronze has what they held. Says how many."""
    oldest = f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%d}"
    home = paths.taken(table)
    old = [url for url in objects.list_under(home) if url.removeprefix(f"{home}/") < oldest]
    for url in old:
        objects.delete(url)
    return len(old)


def _is_being_written(found: objects.Found) -> bool:
    """A file on a disk may be seen while it grows; an object of S3 is there whole."""
    return "://" not in found.url and time.time() - found.modified < SETTLED_SECONDS
