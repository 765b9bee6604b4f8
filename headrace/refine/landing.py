"""Looks at each landed file before the stream reads it, once.

A file that cannot be read as what the contract promises (empty, another format, cut in half, other columns) is
moved aside with its reason. The others' lines are counted here, apart from Spark, so that the receipt compares
two independent counts. A file that comes back under the name of one that was set aside goes by a new name, for the
stream may remember the old one as read.
"""

import hashlib
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from itertools import chain, count
from pathlib import PurePosixPath

from headrace.contracts.model import Contract
from headrace.lake import objects
from headrace.lake.paths import Paths
from headrace.refine.readable import ENDINGS, damage, judged


@dataclass(frozen=True)
class Landed:
    """One file: how many lines it holds, or why it was set aside."""

    source: str
    lines: int
    bytes: int
    set_aside: str | None = None

    @property
    def is_generated(self) -> bool:
        """Whether it was written straight into bronze: no file, and nothing to be read."""
        return self.source.startswith("generated:")


def known_files(paths: Paths, table: str) -> dict[str, Landed]:
    """Every file (or generated chunk) seen so far; one that was set aside after all counts as set aside."""
    known: dict[str, Landed] = {}
    for file in _records(paths, table):
        if file.source not in known or file.set_aside is not None:
            known[file.source] = file
    return known


def not_set_aside(known: Mapping[str, Landed]) -> list[Landed]:
    return [file for file in known.values() if file.set_aside is None]


def all_taken(known: Mapping[str, Landed]) -> str:
    """One word for all the files that wait in the landing folder or were read from it; empty where none is."""
    taken = sorted(file.source for file in not_set_aside(known) if not file.is_generated)
    return hashlib.sha256("\n".join(taken).encode()).hexdigest() if taken else ""


def admit_new(paths: Paths, contract: Contract) -> list[Landed]:
    """Records the files not seen before and moves the unreadable ones aside."""
    known = known_files(paths, contract.table)
    new = []
    for file in _landed(paths, contract):
        before = known.get(_source(file, paths))
        if before is None:
            new.append(_looked_at(file, paths, contract))
        elif before.set_aside is not None:
            new.append(_looked_at(_under_new_name(file, known, paths), paths, contract))
    _record(new, paths, contract.table)
    return new


def has_new(paths: Paths, contract: Contract, known: Mapping[str, Landed]) -> bool:
    """Whether any file lies there that is not known as taken."""
    sources = (_source(file, paths) for file in _landed(paths, contract))
    return any(source not in known or known[source].set_aside is not None for source in sources)


def set_damaged_aside(paths: Paths, contract: Contract, read: set[str]) -> list[Landed]:
    """Looks at every page of the Parquet files not read so far: one can be damaged behind a whole footer."""
    known = known_files(paths, contract.table)
    waiting = {source: file for file in _landed(paths, contract) if (source := _source(file, paths)) in known}
    damaged = [
        replace(known[source], lines=0, set_aside=reason)
        for source, file in waiting.items()
        if source not in read and (reason := _damage(file)) is not None
    ]
    _record(damaged, paths, contract.table)
    return damaged


def _damage(file: str) -> str | None:
    if not file.endswith(ENDINGS["parquet"]):
        return None
    with objects.opened(file) as body:
        return damage(body)


def _record(files: list[Landed], paths: Paths, table: str) -> None:
    if files:
        told = "".join(f"{file.source}{file.set_aside}" for file in files)
        name = hashlib.sha256(told.encode()).hexdigest()[:20]
        objects.put_json(f"{paths.files(table)}/{name}.json", [asdict(file) for file in files])
    for file in files:
        if file.set_aside is not None:
            _move_aside(file, paths, table)


def _records(paths: Paths, table: str) -> Iterator[Landed]:
    fields = Landed.__dataclass_fields__
    for found in objects.all_json(paths.files(table)):
        for record in found if isinstance(found, list) else [found]:
            yield Landed(**{key: value for key, value in record.items() if key in fields})


def _landed(paths: Paths, contract: Contract) -> Iterable[str]:
    for file in objects.list_under(paths.landing(contract.table)):
        name = file.rsplit("/", 1)[-1]
        if not name.startswith((".", "_")):
            yield file


def _source(file: str, paths: Paths) -> str:
    return file.removeprefix(f"{paths.landing_root}/")


def _looked_at(file: str, paths: Paths, contract: Contract) -> Landed:
    size = objects.size(file)
    kind = contract.arrives.files or "parquet"
    ending = _ending(file)
    if size and ending != ENDINGS[kind]:
        named = f"named {ending or 'without an ending'}, but {contract.table} arrives as {kind}"
        return Landed(_source(file, paths), 0, size, named)
    with objects.opened(file) as opened:
        reason, lines = judged(opened, kind, contract)
    return Landed(_source(file, paths), lines, size, reason)


def _ending(file: str) -> str:
    return PurePosixPath(file.rpartition("/")[2]).suffix


def _move_aside(file: Landed, paths: Paths, table: str) -> None:
    there = f"{paths.set_aside(table)}/{file.source.removeprefix(f'{paths.domain}/{table}/')}"
    objects.move(f"{paths.landing_root}/{file.source}", _free(there, objects.exists))


def _under_new_name(file: str, known: Container[str], paths: Paths) -> str:
    there = _free(file, lambda name: objects.exists(name) or _source(name, paths) in known)
    objects.move(file, there)
    return there


def _free(file: str, is_taken: Callable[[str], bool]) -> str:
    """The name, or where it is taken the first free one of name.2.csv, name.3.csv, …"""
    ending = _ending(file)
    later = (f"{file.removesuffix(ending)}.{number}{ending}" for number in count(2))
    return next(name for name in chain([file], later) if not is_taken(name))
