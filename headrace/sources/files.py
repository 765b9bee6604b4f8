"""Files that come to lie in a folder, on their way into a bronze table.

A file is known by its name and its content. It is taken out of reach before it is looked at (a landed file is copied,
a live one moved), so what is counted is what is read. The commit that stores a batch carries its files; what was killed
before its commit has left files that wait, and what was killed after it is told from the commit.
"""

import io
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import PurePosixPath
from urllib.parse import unquote

from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.ledger import Entry
from headrace.lake.objects import Found
from headrace.lake.paths import Paths
from headrace.lake.run_context import RunContext
from headrace.lake.session import suit
from headrace.progress import Event, Stopwatch, tell
from headrace.sources.bronze_table import Batch, BronzeTable, Then, nothing_more
from headrace.sources.file_index import SOURCE, File, FileIndex, position_of
from headrace.sources.inspection import Look, damage, look_at
from headrace.sources.parsing import EPOCH, Claimed, place_for, read_files

DROPPED = "dropped:"
SETTLED_SECONDS, LOOK_AGAIN, PATIENCE = 1.0, 0.2, 5.0
MOST_FILES = 2000
SMALL = 8 << 20
"""A text file of so many bytes is read once, into memory; larger ones and Parquet are read by Spark from a copy."""
MOST_SMALL = 64 << 20
MOST_HELD = 500_000
"""Rows of a batch that is parsed by Spark, and counted and written from this process's memory."""
STAMP = "%Y%m%dT%H%M%S"
REFUSED = "other content than the file that was taken under this name (its contract says again: refuse)"


@dataclass(frozen=True)
class Folder:
    """Where files of a table come to lie. `prefix`: what their rows carry before their name in `_source`. `taken`:
    where they are kept once they are taken; None where they stay. `of_contract`: whether they must be of the format
    that the contract names."""

    home: str
    taking: str
    set_aside: str
    prefix: str
    taken: str | None
    of_contract: bool

    def name_of(self, found: Found) -> str:
        return f"{self.prefix}{found.url.removeprefix(f'{self.home}/')}"

    def path_of(self, name: str) -> str:
        """Below the folder, of a name."""
        return name.removeprefix(self.prefix)

    def lying(self) -> list[Found]:
        """The files that lie there, the oldest first, without those that are hidden."""
        return [
            each
            for each in objects.look_under(self.home)
            if not any(part.startswith((".", "_")) for part in each.url.removeprefix(self.home).split("/"))
        ]


def landing_of(paths: Paths, table: str) -> Folder:
    prefix = f"{paths.domain}/{table}/"
    places = paths.landing(table), paths.landing_taking(table), paths.set_aside(table)
    return Folder(*places, prefix, taken=None, of_contract=True)


def drop_folder_of(paths: Paths, table: str) -> Folder:
    places = paths.dropped(table), paths.taking(table), paths.dropped_aside(table)
    return Folder(*places, DROPPED, taken=paths.taken(table), of_contract=False)


def folders_of(paths: Paths, table: str) -> tuple[Folder, Folder]:
    return landing_of(paths, table), drop_folder_of(paths, table)


@dataclass(frozen=True)
class Most:
    """What one batch takes at most, unless its first file has more."""

    lines: int
    size: int


@dataclass(frozen=True)
class Waiting:
    """A file to be looked at. `sent_at` is known of one that a killed run had moved out of reach."""

    name: str
    found: Found
    sent_at: datetime | None = None

    @property
    def is_being_written(self) -> bool:
        """A file on a disk may be seen while it grows; an object of S3 is there whole."""
        age = time.time() - self.found.modified
        return "://" not in self.found.url and self.sent_at is None and 0 <= age < SETTLED_SECONDS


@dataclass(frozen=True)
class Claim:
    """A file that nobody else can change any more, and the original of a landed one."""

    file: File
    claimed: Claimed
    original: Found | None


class FileSource:
    """The files of a table from some of its folders; whoever takes them holds the lease of the bronze table."""

    name = "files"

    def __init__(
        self, contract: Contract, context: RunContext, folders: Sequence[Folder], most: Most
    ) -> None:
        self.contract, self._folders, self._most = contract, folders, most
        self.bronze = BronzeTable(contract, context, SOURCE)
        self.index = FileIndex(context.paths, contract.table)
        self.set_aside: list[File] = []
        """The files that were set aside by this source."""
        self._number: int | None = None
        self._spark: SparkSession | None = None

    def waits(self) -> bool:
        """Whether any file lies there that was not taken yet."""
        return any(waiting_in(folder, self.index) for folder in self._folders)

    def take(self, start: Callable[[], SparkSession], then: Then = nothing_more) -> Entry | None:
        """Stores the next batch and hands its rows on, if they are in memory; None where no file can be taken now.
        Spark is started before anything is touched that is new: whoever has none must not take or set aside a file."""
        number = self.finish() + 1
        for folder in self._folders:
            claims = self.claim(folder, lambda: self._session(start))
            while claims:
                try:
                    entry = self._store(start, claims, number, then)
                except HeadraceError:
                    raise
                except Exception:  # Spark's, among them that a file cannot be read
                    readable = self._without_damaged(folder, claims)
                    if len(readable) == len(claims):
                        raise
                    claims = readable
                else:
                    put_away(folder, claims)
                    return entry
        return None

    def finish(self) -> int:
        """The number of the last batch. What a killed run had no time to do after its commit is done."""
        if self._number is None:
            files = self.index.unrecorded()
            if files:
                self.bronze.stored(files[0].number)
                self.index.add(files)
            for folder in self._folders:
                if folder.taken is None:
                    objects.delete_under(folder.taking)
            self._number = self.bronze.last_number()
        return self._number

    def claim(self, folder: Folder, begin: Callable[[], object] = lambda: None) -> list[Claim]:
        """Takes files out of reach until there are enough for a batch. Those that cannot be read are set aside. `begin`
        is called before the first of either."""
        claims: list[Claim] = []
        bad: list[Claim] = []
        same: list[Claim] = []
        lines = size = small = 0
        names: set[str] = set()
        lying = waiting_in(folder, self.index)
        known = self.index.of(each.name for each in lying)
        for waiting in lying:
            if waiting.name in names or waiting.is_being_written:
                continue
            taken = {file.digest: file for file in known.get(waiting.name, []) if not file.set_aside}
            if not taken:
                begin()
            claim = self._looked_at(folder, waiting, taken)
            if claim is None:
                continue
            names.add(waiting.name)
            if claim.file.digest not in taken:
                begin()
            if claim.file.digest in taken or claim.file.set_aside:
                (same if claim.file.digest in taken else bad).append(claim)
            else:
                claims.append(claim)
                lines, size = lines + claim.file.lines, size + claim.file.size
            small += len(claim.claimed.body or b"")
            enough = lines >= self._most.lines or size >= self._most.size or small >= MOST_SMALL
            if enough or len(claims) == MOST_FILES:
                break
        self.index.add([claim.file for claim in same])
        put_away(folder, same)
        self._put_aside(folder, bad)
        return claims

    def _looked_at(self, folder: Folder, waiting: Waiting, taken: Mapping[str, File]) -> Claim | None:
        """A file out of reach, and what is to become of it by what was taken under its name, by digest; None where it
        changes under our hands."""
        sent_at = waiting.sent_at or self._sent_at(waiting.found, is_first=not taken)
        held = _out_of_reach(folder, waiting, sent_at)
        if held is None:
            return None
        place, body = held
        with io.BytesIO(body) if body is not None else objects.opened(place.url) as opened:
            look = look_at(opened, waiting.name, self.contract, of_contract=folder.of_contract)
        if look.is_split and body is None:
            body = objects.get(place.url)
        claimed = Claimed(waiting.name, sent_at, look, folder.taking, folder.prefix, place.url, body)
        original, found = waiting.found if folder.taken is None else None, waiting.found
        if look.digest in taken:
            same = replace(taken[look.digest], size=found.size, stamp=found.stamp)
            return Claim(same, replace(claimed, body=None), original)
        refuses = taken and self.contract.arrives.again == "refuse"
        reason = look.reason or (REFUSED if refuses else "")
        lines = 0 if reason else look.lines
        file = File(
            waiting.name, look.digest, found.size, found.stamp, lines, sent_at.isoformat(), set_aside=reason
        )
        return Claim(file, claimed, original)

    def _sent_at(self, found: Found, *, is_first: bool) -> datetime:
        """A file that comes again under its name was sent when it was written, whatever its name says."""
        own = EPOCH + timedelta(microseconds=round(found.modified * 1_000_000))
        if self.contract.arrives.sent_at == "file time":
            return own
        named = instant_in(found.url)
        return own if named is None else named if is_first else max(own, named)

    def _store(
        self,
        start: Callable[[], SparkSession],
        claims: list[Claim],
        number: int,
        then: Then,
    ) -> Entry:
        watch, files = Stopwatch(), [replace(each.file, number=number) for each in claims]
        lines, size = sum(file.lines for file in files), sum(file.size for file in files)
        spark = self._session(start)
        suit(spark, lines)
        rows = read_files(spark, self.contract, [each.claimed for each in claims])
        held = rows.toArrow() if lines <= MOST_HELD and size <= MOST_SMALL else None
        if held is not None and len(held) != lines:
            names = ", ".join(file.name for file in files[:5])
            raise HeadraceError(
                f"{names}: {lines:,} lines were counted, {len(held):,} were read; nothing was stored"
            )
        batch = Batch(number, rows if held is None else held, position_of(files))
        entry = self.bronze.append(batch, watch)
        self._number = number
        self.index.add(files)
        then(entry, held)
        return entry

    def _session(self, start: Callable[[], SparkSession]) -> SparkSession:
        """One of its own over the same lake."""
        self._spark = self._spark or start().newSession()
        return self._spark

    def _without_damaged(self, folder: Folder, claims: list[Claim]) -> list[Claim]:
        """The files that can be read, after reading failed; the others are set aside."""
        reasons = {each.file.name: _damage(each) for each in claims}
        bad = [each for each in claims if reasons[each.file.name]]
        self._put_aside(
            folder,
            [
                replace(each, file=replace(each.file, lines=0, set_aside=reasons[each.file.name]))
                for each in bad
            ],
        )
        return [each for each in claims if not reasons[each.file.name]]

    def _put_aside(self, folder: Folder, claims: Sequence[Claim]) -> None:
        """The reasons are recorded first: a file that is moved and not recorded would be out of sight."""
        self.index.add([claim.file for claim in claims])
        self.set_aside += [claim.file for claim in claims]
        for claim in claims:
            there = _free(f"{folder.set_aside}/{folder.path_of(claim.file.name)}")
            original = claim.original
            if claim.claimed.url == (original.url if original else ""):
                objects.put(there, claim.claimed.body or b"")
            else:
                objects.move(claim.claimed.url, there)
            if original is not None and objects.look(original.url) == original:
                objects.delete(original.url)


def take_all(source: FileSource, start: Callable[[], SparkSession]) -> list[Entry]:
    """All that waits. A file that is being written is waited for, but not for long: the next run takes it."""
    entries: list[Entry] = []
    patience = Stopwatch()
    while source.waits():
        before = len(source.set_aside)
        entry = source.take(start)
        entries += [entry] if entry is not None else []
        if entry is not None or len(source.set_aside) > before:
            patience = Stopwatch()
        elif patience.seconds > PATIENCE:
            tell(
                Event(
                    "bronze", source.contract.table, "going", note="files that are still being written wait"
                )
            )
            break
        else:
            time.sleep(LOOK_AGAIN)
    return entries


def waiting_in(folder: Folder, index: FileIndex) -> list[Waiting]:
    """The files that were not taken yet, the oldest first; before them those that a killed run had claimed."""
    lying = [Waiting(folder.name_of(found), found) for found in folder.lying()]
    if folder.taken is not None:
        return [*_left_behind(folder), *lying]
    known = index.of(each.name for each in lying)
    return [
        each
        for each in lying
        if not any(file.is_as_found(each.found) and not file.set_aside for file in known.get(each.name, []))
    ]


def instant_in(name: str) -> datetime | None:
    """The instant that a file's name tells: between the last two underscores, as 20240103T060000."""
    parts = PurePosixPath(name).name.split("_")
    with suppress(ValueError, IndexError):
        return datetime.strptime(parts[-2], STAMP)
    return None


def forget_taken(paths: Paths, table: str, hours: int) -> int:
    """Removes the live files that were taken so long ago; bronze has what they held. Says how many."""
    oldest = f"{datetime.now(UTC) - timedelta(hours=hours):%Y-%m-%d}"
    home = paths.taken(table)
    old = [url for url in objects.list_under(home) if url.removeprefix(f"{home}/") < oldest]
    for url in old:
        objects.delete(url)
    return len(old)


@dataclass(frozen=True)
class FilesNow:
    """The lines of a table's files as they lie there now, held against what was taken from them.

    `lines`: of all files; `waiting`: of content that was not taken; `replaced`: taken of earlier content of files that
    lie there; `gone`: taken of landed files that have left.
    """

    lines: int
    waiting: int
    replaced: int
    gone: int
    taken: int
    set_aside: int

    @property
    def rows(self) -> int:
        """What bronze must hold of them."""
        return self.lines - self.waiting + self.replaced + self.gone


def files_now(paths: Paths, contract: Contract) -> FilesNow:
    """Counts the landed files that changed since they were taken, and those that were not taken; of live files, and of
    what was generated into bronze, nothing lies there, and their lines are those that were taken."""
    index, folder = FileIndex(paths, contract.table).with_commits(), landing_of(paths, contract.table)
    totals, taken = index.totals(), index.taken(folder.prefix)
    lines, waiting, lying = totals.lines - sum(file.lines for file in taken), 0, set[str]()
    by_name: dict[str, list[File]] = {}
    for file in taken:
        by_name.setdefault(file.name, []).append(file)
    rest = {(file.name, file.digest): file for file in taken}
    for found in folder.lying():
        name = folder.name_of(found)
        lying.add(name)
        same = next((file for file in by_name.get(name, []) if file.is_as_found(found)), None)
        if same is None:
            look = _look_now(found, name, contract)
            same = rest.get((name, look.digest))
            waiting += look.lines if same is None else 0
            lines += look.lines if same is None else 0
        if same is not None:
            lines += same.lines
            rest.pop((name, same.digest), None)
    replaced = sum(file.lines for file in rest.values() if file.name in lying)
    gone = sum(file.lines for file in rest.values() if file.name not in lying)
    return FilesNow(lines, waiting, replaced, gone, totals.taken, totals.set_aside)


def _look_now(found: Found, name: str, contract: Contract) -> Look:
    try:
        with objects.opened(found.url) as body:
            return look_at(body, name, contract, of_contract=True)
    except FileNotFoundError:  # it went since it was listed
        return Look("", "")


def _out_of_reach(folder: Folder, waiting: Waiting, sent_at: datetime) -> tuple[Found, bytes | None] | None:
    """Where the file lies now that nobody else can change it, and its body if it is small text; None where it changed
    meanwhile, or went."""
    found, is_small = waiting.found, _is_small(waiting.found)
    place = (
        found
        if waiting.sent_at
        else replace(found, url=place_for(folder.taking, folder.path_of(waiting.name), sent_at))
    )
    if folder.taken is None:
        if is_small:
            body = objects.read(found)
            return None if body is None else (found, body)
        if not objects.copy(found, place.url):
            objects.delete(place.url)
            return None
        return place, None
    if place is not found:
        try:
            objects.move(found.url, place.url)
        except FileNotFoundError:  # whoever dropped it took it back
            return None
    return place, objects.get(place.url) if is_small else None


def _left_behind(folder: Folder) -> Iterator[Waiting]:
    """What a run was taking when it was killed."""
    for found in objects.look_under(folder.taking):
        micros, _, path = found.url.removeprefix(f"{folder.taking}/").partition("/")
        yield Waiting(f"{folder.prefix}{unquote(path)}", found, EPOCH + timedelta(microseconds=int(micros)))


def put_away(folder: Folder, claims: Sequence[Claim]) -> None:
    """A live file is kept for a while; of a landed one only the copy goes."""
    for claim in claims:
        url = claim.claimed.url
        if folder.taken is not None:
            objects.move(
                url, _free(f"{folder.taken}/{datetime.now(UTC):%Y-%m-%d}/{folder.path_of(claim.file.name)}")
            )
        elif claim.original is None or url != claim.original.url:
            objects.delete(url)


def _damage(claim: Claim) -> str:
    if claim.claimed.look.kind != "parquet":
        return ""
    with objects.opened(claim.claimed.url) as body:
        return damage(body)


def _is_small(found: Found) -> bool:
    return found.size <= SMALL and not found.url.lower().endswith(".parquet")


def _free(url: str) -> str:
    """The name, or where it is taken the first free one of name.2.csv, name.3.csv, …"""
    folder, _, name = url.rpartition("/")
    path = PurePosixPath(name)
    later = (f"{folder}/{path.stem}.{number}{path.suffix}" for number in count(2))
    return next(each for each in chain([url], later) if not objects.exists(each))
