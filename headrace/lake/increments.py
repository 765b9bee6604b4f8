"""What has come into a bronze table since an edge last took from it, in batches of whole files.

Bronze only ever gains rows, and its log names the files of each commit. So how far an edge has come is one number,
and a batch is known by the number it ends at: the table it goes to carries that number in its own commit, and
nothing else is needed for a batch that was killed to be done again, the same rows under the same number.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from urllib.parse import unquote

from headrace.errors import HeadraceError
from headrace.lake import ledger, log
from headrace.lake.delta_rs import DataFile, live_files
from headrace.lake.paths import Paths

FILES = 1_000_000


@dataclass(frozen=True)
class Progress:
    """How far an edge has come: `at` is a place, and `began` the version whose files it took first.

    What lay there then counts as one commit, so that what was joined or sorted since need not be read twice.
    """

    at: int
    began: int

    @property
    def version(self) -> int:
        """The newest version of which it has everything; -1 where there is none."""
        return self.at // FILES - 1


@dataclass(frozen=True)
class Arrived:
    """The files of one batch, and how far an edge has come with it."""

    files: tuple[str, ...]
    progress: Progress
    rows: int = 0


@dataclass(frozen=True)
class _File:
    path: str
    size: int
    rows: int
    place: int
    """The commit's version and the number of the file in it; behind its last file, the next commit's beginning."""


def all_of(version: int) -> int:
    """The place behind a version."""
    return (version + 1) * FILES


def batches(
    table: str, since: Progress | None, size: int, ends_at: int | None = None, rows: int | None = None
) -> Iterator[Arrived]:
    """What came since, in pieces of about `size` bytes and no more rows than so many, but those of a file; the first
    ends where one did that was killed."""
    began = since.began if since else _version_of(ends_at) if ends_at else log.version(table)
    taken, waiting = since.at if since else 0, list[_File]()
    for version in range(max(began, taken // FILES), log.version(table) + 1):
        for file in _files(table, version, began):
            if file.place <= taken:
                continue
            is_free = waiting and not (ends_at and file.place <= ends_at)
            if rows and is_free and sum(each.rows for each in waiting) + file.rows > rows:
                yield _batch(waiting, began)
                waiting = []
            waiting.append(file)
            full = sum(each.size for each in waiting) >= size
            if file.place == ends_at if ends_at and file.place <= ends_at else full:
                yield _batch(waiting, began)
                waiting = []
    if waiting:
        yield _batch(waiting, began)


def has_all_before(table: str, done: Progress, version: int) -> bool:
    """Whether an edge has taken all rows that came before a version."""
    if done.at != all_of(done.version) or done.version >= version:
        return False
    between = (log.commit(table, each) for each in range(done.version + 1, version))
    return all(commit is not None and not commit.changes_rows for commit in between)


def rows_taken(table: str, progress: Progress) -> int:
    """The rows of bronze that an edge has taken, as the log counts them."""
    whole = log.row_count(table, at=progress.version) if progress.version >= progress.began else 0
    if progress.at == all_of(progress.version):
        return whole
    begun = _files(table, progress.version + 1, progress.began)
    return whole + sum(file.rows for file in begun if file.place <= progress.at)


def progress_of(paths: Paths, silver_table: str) -> Progress | None:
    """As remembered, or as the ledger knows of a batch that a killed run had no time to remember."""
    state = ledger.remembered(paths, "silver", silver_table)
    done = Progress(**state) if state else None
    newest = ledger.newest_number(paths, "silver", silver_table)
    if newest <= (done.at if done else 0):
        return done
    return Progress(newest, done.began if done else _version_of(newest))


def remember(paths: Paths, silver_table: str, progress: Progress) -> None:
    ledger.remember(paths, "silver", silver_table, asdict(progress))


def version_files(table: str, version: int) -> list[str]:
    """What one commit brought."""
    return [file.path for file in _files(table, version, began=-1) if file.path]


def _batch(files: list[_File], began: int) -> Arrived:
    paths = tuple(file.path for file in files if file.path)
    return Arrived(paths, Progress(files[-1].place, began), sum(file.rows for file in files))


def _version_of(place: int) -> int:
    """The version that holds the last file before a place."""
    return (place - 1) // FILES


def _files(table: str, version: int, began: int) -> Iterator[_File]:
    """The files of one commit, of the version where an edge began all that lay there then. A commit that brought no
    rows is one place without a file."""
    if version == began:
        added = sorted(live_files(table, version), key=lambda file: (file.modified, file.path))
    else:
        added = _new_files(table, version)
    if not added:
        yield _File("", 0, 0, all_of(version))
    for count, file in enumerate(added, start=1):
        place = all_of(version) if count == len(added) else version * FILES + count
        yield _File(f"{table}/{unquote(file.path)}", file.bytes, file.rows, place)


def _new_files(table: str, version: int) -> list[DataFile]:
    commit = log.commit(table, version)
    if commit is None:
        raise HeadraceError(
            f"the log of {table} no longer tells what came with version {version}: it reaches back 30 days, and this "
            "edge was not run for longer. Begin a new lake with another HEADRACE_HOME, and land its files again."
        )
    added = (action["add"] for action in commit.actions if "add" in action)
    new = (add for add in added if add.get("dataChange", True))
    return [DataFile(add["path"], add["size"], json.loads(add["stats"])["numRecords"], None) for add in new]
