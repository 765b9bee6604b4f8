"""Files that come to lie in a folder, on their way into a bronze table.

A file is known by its name and its content. It is taken out of reach before it is looked at (a landed file is copied,
a live one moved), so what is counted is what is read. The commit that stores a batch carries its files.
"""

import io
import re
import time
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import chain, count
from pathlib import PurePosixPath

from pyspark.sql import SparkSession

from headrace.contracts.model import Contract
from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.lease import RunContext
from headrace.lake.ledger import Entry
from headrace.lake.objects import Found
from headrace.lake.paths import Paths
from headrace.lake.session import suit
from headrace.progress import Event, Stopwatch, tell
from headrace.sources.bronze_table import Batch, BronzeTable, Then
from headrace.sources.file_index import SOURCE, File, FileIndex, position_of
from headrace.sources.inspection import damage, digest_of, look_at
from headrace.sources.parsing import EPOCH, Claim, name_at, place_for, read_files

DROPPED = "dropped:"
SETTLED_SECONDS, LOOK_AGAIN, PATIENCE = 1.0, 0.2, 5.0
BEGUN_SECONDS = 10.0
"""A file that holds no row yet is left alone for so long: its writer may not have written them."""
MOST_FILES = 2000
MOST_NAMED = 5
"""So many files of a batch are named when they are set aside; the index has all of them."""
SMALL = 8 << 20
"""A text file of so many bytes is read once, into memory; larger ones and Parquet are read by Spark from a copy."""
MOST_SMALL = 64 << 20
MOST_HELD = 500_000
"""Rows of a batch that is parsed by Spark, and counted and written from this process's memory."""
HIDDEN = re.compile(r"(^|/)[._]")
NUMBERED = re.compile(r"\.\d+(?=\.[^./]*$)")
STAMP = "%Y%m%dT%H%M%S"
REFUSED = "other content than the file that was taken under this name (its contract says again: refuse)"


@dataclass(frozen=True)
class Folder:
    """Where files of a table come to lie. `prefix`: what their rows carry before their name in `_source`. `taken`:
    where live files are kept once they are taken; None for landed ones, which stay where they are."""

    home: str
    taking: str
    set_aside: str
    prefix: str
    taken: str | None = None

    @property
    def is_landing(self) -> bool:
        """Whether its files stay, and must be of the format that the contract names."""
        return self.taken is None

    def path_of(self, name: str) -> str:
        """Below the folder, of a name."""
        return name.removeprefix(self.prefix)

    def lying(self) -> dict[str, Found]:
        """The files that lie there by their names, the oldest first, without those that are hidden."""
        files = {
            _as_text(each.url.removeprefix(f"{self.home}/")): each for each in objects.look_under(self.home)
        }
        return {f"{self.prefix}{path}": each for path, each in files.items() if not HIDDEN.search(path)}

    def claimed(self) -> dict[str, Found]:
        """The files that a killed run had moved out of reach, by their names."""
        files = ((each.url.removeprefix(f"{self.taking}/"), each) for each in objects.look_under(self.taking))
        return {f"{self.prefix}{name_at(place)}": each for place, each in files}

    def claimed_at(self, found: Found) -> datetime | None:
        """When such a file was sent, as its place tells."""
        place = found.url.removeprefix(f"{self.taking}/")
        return EPOCH + timedelta(microseconds=int(place.split("/")[0])) if place != found.url else None


def landing_of(paths: Paths, table: str) -> Folder:
    places = paths.landing(table), paths.landing_taking(table), paths.set_aside(table)
    return Folder(*places, prefix=f"{paths.domain}/{table}/")


def drop_folder_of(paths: Paths, table: str) -> Folder:
    places = paths.dropped(table), paths.taking(table), paths.dropped_aside(table)
    return Folder(*places, prefix=DROPPED, taken=paths.taken(table))


def folders_of(paths: Paths, table: str) -> tuple[Folder, Folder]:
    return landing_of(paths, table), drop_folder_of(paths, table)


class FileSource:
    """The files of a table from some of its folders; whoever takes them holds the lease of the bronze table.
    `most`: the lines that one batch takes, unless its first file has more."""

    name = "files"

    def __init__(self, contract: Contract, context: RunContext, folders: Sequence[Folder], most: int) -> None:
        self.contract, self._folders = contract, folders
        self._most_lines, self._most_bytes = most, context.bytes_per_batch
        self.bronze = BronzeTable(contract, context, SOURCE)
        self.index = FileIndex(context.paths, contract.table)
        self.set_aside: list[File] = []
        """The files that were set aside by this source."""
        self._number: int | None = None
        self._spark: SparkSession | None = None

    def waits(self) -> bool:
        """Whether any file lies there that was not taken yet."""
        return any(waiting_in(folder, self.index, self.contract) for folder in self._folders)

    def take(self, start: Callable[[], SparkSession], then: Then | None = None) -> Entry | None:
        """Stores the next batch and hands its rows on, if they are in memory; None where no file can be taken now.
        Spark is started before anything is touched that is new: whoever has none must not take or set aside a file."""
        number = self.finish() + 1
        for folder in self._folders:
            claims = self.claim(folder, lambda: self._session(start))
            if not claims:
                continue
            try:
                entry = self._store(self._session(start), claims, number, then)
            except HeadraceError:
                raise
            except Exception:  # Spark's, among them that a file cannot be read
                damaged = _damaged(claims)
                if not damaged:
                    raise
                self._put_aside(folder, damaged)
                return self.take(start, then)  # the others wait again
            put_away(folder, claims)
            return entry
        return None

    def take_back(self) -> None:
        """Live files that grew after they were taken wait again."""
        for folder in self._folders:
            take_back(folder, self.index)

    def finish(self) -> int:
        """The number of the last batch. What a killed run had no time to do after its commit is done."""
        if self._number is None:
            files = self.index.unrecorded()
            if files:
                self.bronze.stored(files[0].number)
                self.index.add(files)
            for folder in self._folders:
                if folder.is_landing:
                    objects.delete_under(folder.taking)
            self._number = self.bronze.last_number()
        return self._number

    def claim(self, folder: Folder, begin: Callable[[], object] = lambda: None) -> list[Claim]:
        """Takes files out of reach until there are enough for a batch. Those that cannot be read are set aside. `begin`
        is called before the first of either."""
        claims, bad, same = list[Claim](), list[Claim](), list[Claim]()
        lines = size = small = 0
        waiting = waiting_in(folder, self.index, self.contract)
        known = self.index.of(waiting)
        for name, found in waiting.items():
            if _is_being_written(found):
                continue
            former = known.get(name, [])
            if not former:
                begin()
            claim = self._claimed(folder, name, found, former)
            if claim is None:
                continue
            if claim.file.number >= 0:
                same.append(claim)
                continue
            begin()
            small += len(claim.body or b"")
            if claim.file.set_aside:
                bad.append(claim)
            else:
                claims.append(claim)
                lines, size = lines + claim.file.lines, size + claim.file.size
            enough = lines >= self._most_lines or size >= self._most_bytes or small >= MOST_SMALL
            if enough or len(claims) == MOST_FILES:
                break
        self.index.add([claim.file for claim in same])
        put_away(folder, same)
        self._put_aside(folder, bad)
        return claims

    def _claimed(self, folder: Folder, name: str, found: Found, former: Sequence[File]) -> Claim | None:
        """A file out of reach, and what is to become of it by what was taken under its name; None where it changes
        under our hands, or is only begun."""
        sent_at, is_small = self._sent_at(folder, found, former), _is_small(name, found)
        held = _out_of_reach(folder, found, place_for(folder.taking, folder.path_of(name), sent_at), is_small)
        if held is None:
            return None
        url, body = held
        with io.BytesIO(body) if body is not None else objects.opened(url) as opened:
            look = look_at(opened, name, self.contract, of_contract=folder.is_landing)
        same = next((file for file in _valid(former, self.contract) if file.content == look.digest), None)
        if same is None and not look.lines and _is_being_written(found, BEGUN_SECONDS):
            if folder.is_landing and url != found.url:
                objects.delete(url)
            return None
        if same is not None:
            file, body = replace(same, size=found.size, stamp=found.stamp), None
        else:
            refuses = former and self.contract.arrives.again == "refuse"
            reason = look.reason or (REFUSED if refuses else "")
            times = sum(file.content == look.digest for file in former)
            digest = f"{look.digest}.{times + 1}" if times else look.digest
            lines = 0 if reason else look.lines
            file = File(name, digest, found.size, found.stamp, lines, sent_at.isoformat(), reason)
            body = objects.get(url) if look.is_split and body is None else body
        original = found if folder.is_landing else None
        return Claim(file, look, folder.taking, folder.prefix, url, body, original)

    def _sent_at(self, folder: Folder, found: Found, former: Sequence[File]) -> datetime:
        """A file that comes again under its name was sent when it was written, whatever its name says, and after what
        came before, whatever its time says."""
        after = [datetime.fromisoformat(file.sent_at) + timedelta(milliseconds=1) for file in former]
        instant = folder.claimed_at(found)
        if instant is None:
            own = EPOCH + timedelta(milliseconds=int(found.modified * 1000))
            named = instant_in(found.url) if self.contract.arrives.sent_at == "file name" else None
            instant = own if named is None else max(own, named) if after else named
        return max([instant, *after])

    def _store(self, spark: SparkSession, claims: list[Claim], number: int, then: Then | None) -> Entry:
        watch, files = Stopwatch(), [replace(each.file, number=number) for each in claims]
        lines, size = sum(file.lines for file in files), sum(file.size for file in files)
        suit(spark, lines)
        rows = read_files(spark, self.contract, claims)
        held = rows.toArrow() if lines <= MOST_HELD and size <= MOST_SMALL else None
        if held is not None and len(held) != lines:
            names = ", ".join(file.name for file in files[:5])
            raise HeadraceError(
                f"{names}: {lines:,} lines were counted, {len(held):,} were read; nothing was stored"
            )
        entry = self.bronze.append(Batch(number, rows if held is None else held, position_of(files)), watch)
        self._number = number
        self.index.add(files)
        if then is not None:
            then(entry, held)
        return entry

    def _session(self, start: Callable[[], SparkSession]) -> SparkSession:
        """One of its own over the same lake."""
        self._spark = self._spark or start().newSession()
        return self._spark

    def _put_aside(self, folder: Folder, claims: Sequence[Claim]) -> None:
        """The reasons are recorded first: a file that is moved and not recorded would be out of sight. A landed file
        that changed meanwhile is left. Who still writes to one that is moved on a disk writes on in its new place."""
        copies = [each.url for each in claims if each.original is not None and each.url != each.original.url]
        bad = [each for each in claims if each.original in (None, objects.look(_place_of(each)))]
        files = [claim.file for claim in bad]
        self.index.add(files)
        self.set_aside += files
        for file in files[:MOST_NAMED]:
            tell(Event("bronze", file.name, "skipped", note=f"set aside: {file.set_aside}"))
        if (more := len(files) - MOST_NAMED) > 0:
            note = f"of {self.contract.table}: headrace rejected shows them"
            tell(Event("bronze", f"{more:,} more files", "skipped", note=note))
        for claim in bad:
            there = f"{folder.set_aside}/{folder.path_of(claim.file.name)}"
            objects.move(_place_of(claim), _free(there, claim.look.digest))
        for url in copies:
            objects.delete(url)


def take_all(source: FileSource, start: Callable[[], SparkSession]) -> list[Entry]:
    """All that waits. A file that is being written is waited for, but not for long: the next run takes it."""
    entries: list[Entry] = []
    patience = Stopwatch()
    source.take_back()
    while source.waits():
        before = len(source.set_aside)
        entry = source.take(start)
        entries += [entry] if entry is not None else []
        if entry is not None or len(source.set_aside) > before:
            patience = Stopwatch()
        elif patience.seconds > PATIENCE:
            note = "files that are still being written wait"
            tell(Event("bronze", source.contract.table, "going", note=note))
            break
        else:
            time.sleep(LOOK_AGAIN)
    return entries


def waiting_in(folder: Folder, index: FileIndex, contract: Contract) -> dict[str, Found]:
    """The files that were not taken yet, the oldest first; before them those that a killed run had claimed."""
    lying = folder.lying()
    if not folder.is_landing:
        claimed = folder.claimed()
        return claimed | {name: found for name, found in lying.items() if name not in claimed}
    taken = index.of(lying)
    return {
        name: found
        for name, found in lying.items()
        if not any(file.is_as_found(found) for file in _valid(taken.get(name, []), contract))
    }


def _valid(files: Sequence[File], contract: Contract) -> Sequence[File]:
    """The contents of a name that are nothing new: where later content replaces the earlier, the last alone."""
    replaces = contract.arrives.again == "replace"
    return sorted(files, key=lambda file: file.number)[-1:] if replaces else files


def unknown_in(paths: Paths, tables: Collection[str]) -> list[str]:
    """What lies in the folders of a domain and belongs to no table: nobody takes it."""
    return [
        f"{home}/{_as_text(name)}"
        for home in paths.deliveries
        for name in objects.names_in(home)
        if name not in tables and not HIDDEN.search(name)
    ]


def _as_text(name: str) -> str:
    """A name whose bytes are no UTF-8 in another spelling."""
    return name.encode(errors="surrogateescape").decode(errors="backslashreplace")


def _is_being_written(found: Found, seconds: float | None = None) -> bool:
    """A file on a disk may be seen while it grows; an object of S3 is there whole."""
    age = time.time() - found.modified
    return "://" not in found.url and 0 <= age < (SETTLED_SECONDS if seconds is None else seconds)


def _is_small(name: str, found: Found) -> bool:
    return found.size <= SMALL and not name.lower().endswith(".parquet")


def _place_of(claim: Claim) -> str:
    """Where the file itself lies, not its copy."""
    return claim.url if claim.original is None else claim.original.url


def instant_in(name: str) -> datetime | None:
    """The instant that a file's name tells: between the last two underscores, as 20240103T060000."""
    parts = PurePosixPath(name).name.split("_")
    with suppress(ValueError, IndexError):
        return datetime.strptime(parts[-2], STAMP)
    return None


def take_back(folder: Folder, index: FileIndex) -> None:
    """A file that its writer went on with after it was taken waits as other content under its name."""
    if folder.taken is None or "://" in folder.taken:  # an object of S3 does not grow
        return
    names: dict[Found, list[str]] = {}
    for found in objects.look_under(folder.taken):
        path = found.url.removeprefix(f"{folder.taken}/").partition("/")[2]
        names[found] = [f"{folder.prefix}{each}" for each in (path, NUMBERED.sub("", path))]
    known = index.of(chain.from_iterable(names.values()))
    for found, either in names.items():
        name = next((each for each in either if each in known), "")
        if name and all(found.size != file.size for each in either for file in known.get(each, [])):
            modified = EPOCH + timedelta(seconds=found.modified)
            objects.move(found.url, place_for(folder.taking, folder.path_of(name), modified))


def forget_taken(paths: Paths, table: str, hours: int) -> int:
    """Removes the live files that were taken so long ago; bronze has what they held. Says how many."""
    take_back(drop_folder_of(paths, table), FileIndex(paths, table))
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
    totals, lying, waiting, taken = index.totals(), folder.lying(), 0, dict[str, list[File]]()
    for file in index.taken(folder.prefix):
        taken.setdefault(file.name, []).append(file)
    lines = totals.lines - sum(file.lines for files in taken.values() for file in files)
    for name, found in lying.items():
        known = taken.get(name, [])
        same = next((file for file in known if file.is_as_found(found)), None)
        if same is None:
            try:
                with objects.opened(found.url) as body:
                    look = look_at(body, name, contract, of_contract=True)
            except FileNotFoundError:  # it went since it was listed
                continue
            same = next((file for file in known if file.content == look.digest), None)
            waiting += look.lines if same is None else 0
            lines += look.lines if same is None else 0
        if same is not None:
            lines += same.lines
            known.remove(same)
    replaced = sum(file.lines for name in lying for file in taken.pop(name, []))
    gone = sum(file.lines for files in taken.values() for file in files)
    return FilesNow(lines, waiting, replaced, gone, totals.taken, totals.set_aside)


def _out_of_reach(
    folder: Folder, found: Found, place: str, is_small: bool
) -> tuple[str, bytes | None] | None:
    """Where the file lies now that nobody else can change it, and its body if it is small text; None where it changed
    meanwhile, or went."""
    if folder.is_landing and is_small:
        body = objects.read(found)
        return None if body is None else (found.url, body)
    if folder.is_landing:
        if objects.copy(found, place):
            return place, None
        objects.delete(place)
        return None
    if place != found.url:
        try:
            objects.move(found.url, place)
        except FileNotFoundError:  # whoever dropped it took it back
            return None
    return place, objects.get(place) if is_small else None


def put_away(folder: Folder, claims: Sequence[Claim]) -> None:
    """A live file is kept for a while, but one that grew since it was taken waits as other content under its name; of a
    landed one only the copy goes."""
    for claim in claims:
        if folder.taken is not None:
            there = objects.look(claim.url)
            if there is not None and there.size != claim.file.size:
                continue
            day = f"{datetime.now(UTC):%Y-%m-%d}"
            objects.move(claim.url, _free(f"{folder.taken}/{day}/{folder.path_of(claim.file.name)}"))
        elif claim.original is not None and claim.url != claim.original.url:
            objects.delete(claim.url)


def _damaged(claims: Sequence[Claim]) -> list[Claim]:
    """Those that looked whole and cannot be read, with the reason."""
    damaged = []
    for each in claims:
        if each.look.kind == "parquet":
            with objects.opened(each.url) as body:
                reason = damage(body)
            if reason:
                damaged.append(replace(each, file=replace(each.file, lines=0, set_aside=reason)))
    return damaged


def _free(url: str, digest: str = "") -> str:
    """The name, or where it is taken the first free one of name.2.csv, name.3.csv, …; a file of the same content is
    no hindrance."""
    folder, _, name = url.rpartition("/")
    path = PurePosixPath(name)
    later = (f"{folder}/{path.stem}.{number}{path.suffix}" for number in count(2))
    return next(each for each in chain([url], later) if not objects.exists(each) or _holds(each, digest))


def _holds(url: str, digest: str) -> bool:
    if not digest:
        return False
    with objects.opened(url) as body:
        return digest_of(body) == digest
