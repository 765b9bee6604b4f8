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
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.contracts.model import ColumnSpec, Contract
from headrace.lake import objects
from headrace.lake.paths import Paths

ENDINGS = {"parquet": ".parquet", "csv": ".csv", "json": ".json"}
CHUNK = 1 << 20
ARROW_FITS = {
    "int": (pa.types.is_int8, pa.types.is_int16, pa.types.is_int32),
    "long": (pa.types.is_int64, pa.types.is_int32),
    "float": (pa.types.is_float64, pa.types.is_float32),
    "string": (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary),
    "datetime": (lambda found: pa.types.is_timestamp(found) and found.unit != "ns",),  # Spark reads no finer
    "date": (pa.types.is_date32,),
    "bool": (pa.types.is_boolean,),
    "array": (pa.types.is_list,),
    "map": (pa.types.is_map,),
}


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
        if source not in read and (reason := _damage(Path(file))) is not None
    ]
    _record(damaged, paths, contract.table)
    return damaged


def _damage(file: Path) -> str | None:
    if file.suffix != ENDINGS["parquet"]:
        return None
    try:
        for _ in pq.ParquetFile(file, page_checksum_verification=True).iter_batches():
            pass
    except (pa.ArrowException, OSError) as error:
        return f"damaged Parquet file: {str(error).splitlines()[0]}"
    return None


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
    body = Path(file)
    size = body.stat().st_size
    reason, lines = _judged(body, size, contract)
    return Landed(_source(file, paths), lines, size, reason)


def _judged(file: Path, size: int, contract: Contract) -> tuple[str | None, int]:
    kind = contract.arrives.files or "parquet"
    if size == 0:
        return "empty file", 0
    if file.suffix != ENDINGS[kind]:
        return f"named {file.suffix or 'without an ending'}, but {contract.table} arrives as {kind}", 0
    return _judged_parquet(file, contract) if kind == "parquet" else _judged_text(file, kind, contract)


def _judged_parquet(file: Path, contract: Contract) -> tuple[str | None, int]:
    try:
        footer = pq.ParquetFile(file)
    except (pa.ArrowInvalid, OSError) as error:
        return f"not a whole Parquet file: {str(error).splitlines()[0]}", 0
    reason = _column_difference(footer.schema_arrow.names, contract) or _type_difference(
        footer.schema_arrow, contract
    )
    return reason, footer.metadata.num_rows


def _judged_text(file: Path, kind: str, contract: Contract) -> tuple[str | None, int]:
    with file.open("rb") as body:
        head = body.read(CHUNK)
        if b"\0" in head or head.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b")):
            return f"not a text file, but {contract.table} arrives as {kind}", 0
        body.seek(0)
        if kind == "json":
            return None, sum(1 for _ in body)
        header = next(body).rstrip(b"\r\n").decode("utf-8", "replace")
        known = {spelled.encode() for spelled in header_lines(contract)}
        lines = sum(1 for line in body if line.rstrip(b"\r\n") not in known)
    return _header_difference(header, contract), lines


def header_lines(contract: Contract) -> tuple[str, str]:
    """How a CSV file may spell its header; a line that is one of these is no row."""
    return ",".join(contract.columns), ",".join(f'"{name}"' for name in contract.columns)


def _header_difference(header: str, contract: Contract) -> str | None:
    if header in header_lines(contract):
        return None
    names = [name.strip('"') for name in header.split(",")]
    return (
        _column_difference(names, contract) or "header line is spelled otherwise than the contract's columns"
    )


def _column_difference(names: list[str], contract: Contract) -> str | None:
    wanted = list(contract.columns)
    missing = [name for name in wanted if name not in names]
    extra = [name for name in names if name not in wanted]
    if missing and len(missing) == len(wanted):
        return "no header line with the contract's columns"
    if missing or extra:
        said = [f"missing column {name}" for name in missing] + [
            f"unexpected column {name}" for name in extra
        ]
        return ", ".join(said[:5])
    if names != wanted and contract.arrives.files == "csv":
        return "columns in another order than the contract's"
    return None


def _type_difference(schema: pa.Schema, contract: Contract) -> str | None:
    for name, spec in contract.columns.items():
        found = schema.field(name).type
        if not _fits(found, spec):
            return f"column {name} holds {found}, the contract says {spec.type}"
    return None


def _fits(found: pa.DataType, spec: ColumnSpec) -> bool:
    if not any(fits(found) for fits in ARROW_FITS[spec.type]):
        return False
    if spec.type == "array":
        inner = [(found.value_type, spec.items)]
    elif spec.type == "map":
        inner = [(found.key_type, spec.keys), (found.item_type, spec.values)]
    else:
        return True
    return all(any(fits(kind) for fits in ARROW_FITS[named or "string"]) for kind, named in inner)


def _move_aside(file: Landed, paths: Paths, table: str) -> None:
    there = Path(paths.set_aside(table)) / Path(file.source).relative_to(f"{paths.domain}/{table}")
    there.parent.mkdir(parents=True, exist_ok=True)
    (Path(paths.landing_root) / file.source).replace(_free(there, lambda name: name.exists()))


def _under_new_name(file: str, known: Container[str], paths: Paths) -> str:
    there = _free(Path(file), lambda name: name.exists() or _source(str(name), paths) in known)
    Path(file).replace(there)
    return str(there)


def _free(file: Path, is_taken: Callable[[Path], bool]) -> Path:
    """The name, or where it is taken the first free one of name.2.csv, name.3.csv, …"""
    later = (file.with_name(f"{file.stem}.{number}{file.suffix}") for number in count(2))
    return next(name for name in chain([file], later) if not is_taken(name))
