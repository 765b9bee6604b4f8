"""Looks at a file without Spark: how many rows it holds, how its columns are ordered, and why it cannot be read at all.

Rows are counted here apart from Spark, so that the receipt compares two independent counts.
"""

import hashlib
import io
import json
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from headrace.contracts.model import ColumnSpec, Contract
from headrace.errors import HeadraceError
from headrace.sources.csv_rows import (
    BOM,
    UTF_16,
    Row,
    bare,
    csv_line,
    csv_rows,
    names_in,
    numbered,
    spelled_again,
)

KINDS = {".json": "json", ".jsonl": "json", ".ndjson": "json", ".parquet": "parquet", ".csv": "csv"}
SPACES = re.compile(r"[ \t\n\r]*")
MB = 1 << 20
MOST_SPLIT = 256 * MB
"""A file that is no sequence of lines (an array, or CSV with line breaks in quotes) is split in memory."""
MOST_IN_LINE = 64 * MB
"""The heap of a small machine carries no longer text, which Spark copies several times; its file is set aside."""
MOST_SPELLED_AGAIN = 64 * MB
"""A file of a loose spelling or of a format of its own is spelled again in memory."""
ARROW_FITS = {
    "int": (pa.types.is_int8, pa.types.is_int16, pa.types.is_int32),
    "long": (pa.types.is_int64, pa.types.is_int32),
    "float": (pa.types.is_float64, pa.types.is_float32),
    "string": (pa.types.is_string, pa.types.is_large_string, pa.types.is_dictionary),
    "datetime": (lambda kind: pa.types.is_timestamp(kind) and kind.unit != "ns",),  # Spark reads no finer
    "date": (pa.types.is_date32,),
    "bool": (pa.types.is_boolean,),
    "array": (pa.types.is_list,),
    "map": (pa.types.is_map,),
}
ALSO_READ = {
    "int": (pa.types.is_integer, "long"),
    "float": (pa.types.is_integer, "long"),
    "datetime": (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind), "string"),
    "date": (lambda kind: pa.types.is_string(kind) or pa.types.is_large_string(kind), "string"),
}
"""Parquet types that may hold what a contract says, and as what they are read: each value must then be found to fit."""


@dataclass(frozen=True)
class Look:
    """`reason`: why the file is set aside, empty where it can be read. `header`: the first line of a CSV file.
    `is_split`: whether its rows are other than its lines. `read_as`: the columns of a Parquet file that it holds in
    another type, by their names at the source, with the type in which they are read."""

    kind: str
    digest: str
    lines: int = 0
    reason: str = ""
    header: str = ""
    is_split: bool = False
    read_as: tuple[tuple[str, str], ...] = ()


class _Unreadable(Exception):
    """The reason why a whole file cannot be read."""


def look_at(body: BinaryIO, name: str, contract: Contract, *, of_contract: bool) -> Look:
    """of_contract: whether the file must be of the format that the contract names, or may be of any."""
    text = _text_in(body)
    kind = KINDS.get(PurePosixPath(name).suffix.lower(), "") if contract.arrives.reader is None else "csv"
    try:
        if not text.size:
            raise _Unreadable("empty file")
        _check_name(name, contract, of_contract=of_contract)
        if contract.arrives.reader is not None:
            look = _look_at_spelled_again(body, text, contract)
        elif kind == "parquet":
            look = _look_at_parquet(body, text, contract)
        elif text.is_binary and not (text.begins_as_utf16 and is_loose(contract, kind)):
            raise _Unreadable(f"not a text file, but {contract.table} arrives as {kind}")
        else:
            look = _look_at_csv(body, text, contract) if kind == "csv" else _look_at_json(body, text)
        if not look.lines and contract.arrives.sends == "snapshot":  # its instant is told by its rows
            raise _Unreadable("a snapshot without rows")
        return look
    except _Unreadable as unreadable:
        return Look(kind, text.digest, reason=str(unreadable))


def digest_of(body: BinaryIO) -> str:
    return _text_in(body).digest


def damage(body: BinaryIO) -> str:
    """Looks at every page: a Parquet file can be damaged behind a whole footer."""
    try:
        for _ in pq.ParquetFile(body, page_checksum_verification=True).iter_batches():
            pass
    except (pa.ArrowException, OSError) as error:
        return f"damaged Parquet file: {str(error).splitlines()[0]}"
    return ""


def rows_in(body: bytes, look: Look, contract: Contract) -> list[Row]:
    """The rows of a text file, without headers."""
    if look.kind == "json":
        lines = body.removesuffix(b"\n").split(b"\n")
        return _elements(body) if look.is_split else [Row(*each) for each in enumerate(lines, 1)]
    if is_spelled_again(contract, look.kind):
        return spelled_again(body, contract).rows
    known, lines_of_file = headers(look.header, contract), io.BytesIO(body)
    rows = csv_rows(lines_of_file, len(names_in(look.header))) if look.is_split else lines_of_file
    found = (Row(line, bare(row)) for line, row in numbered(rows))
    return [row for row in found if row.text not in known]


def is_spelled_again(contract: Contract, kind: str) -> bool:
    return contract.arrives.reader is not None or is_loose(contract, kind)


def is_loose(contract: Contract, kind: str) -> bool:
    return kind == "csv" and contract.arrives.spelling == "loose"


def headers(header: str, contract: Contract) -> set[bytes]:
    """A line of a CSV file that is one of these is no row."""
    return {line.encode() for line in (header, *header_lines(contract))}


def header_lines(contract: Contract) -> tuple[str, str]:
    """How a CSV file usually spells its header."""
    names = contract.sent_names.values()
    return csv_line(names), ",".join(f'"{name}"' for name in names)


@dataclass(frozen=True)
class _Text:
    """What a pass over a file's bytes tells of it. `longest`: an upper bound of its longest line."""

    size: int
    digest: str
    line_breaks: int
    longest: int
    is_binary: bool
    has_quotes: bool
    is_ended: bool
    begins_as_utf16: bool


def _text_in(body: BinaryIO) -> _Text:
    hashed, size, breaks, run, longest = hashlib.sha256(), 0, 0, 0, 0
    is_binary = has_quotes = is_ended = begins_as_utf16 = False
    while block := body.read(MB):
        hashed.update(block)
        if not size:
            begins_as_utf16 = block.startswith(UTF_16)
            is_binary = b"\0" in block or block.startswith((b"PAR1", b"PK\x03\x04", b"\x1f\x8b"))
        has_quotes = has_quotes or b'"' in block
        count = block.count(b"\n")
        longest = max(longest, run + (block.find(b"\n") if count else len(block)))
        run = len(block) - block.rfind(b"\n") - 1 if count else run + len(block)
        size, breaks, is_ended = size + len(block), breaks + count, block.endswith(b"\n")
    body.seek(0)
    digest = hashed.hexdigest()[:32]
    return _Text(size, digest, breaks, longest, is_binary, has_quotes, is_ended, begins_as_utf16)


def _check_name(name: str, contract: Contract, *, of_contract: bool) -> None:
    if contract.arrives.reader is not None:
        return
    ending, wanted = PurePosixPath(name).suffix, contract.arrives.files or "parquet"
    is_known = ending.lower() in KINDS and not (contract.arrives.strict and ending != ending.lower())
    if of_contract and (not is_known or KINDS[ending.lower()] != wanted):
        raise _Unreadable(f"named {ending or 'without an ending'}, but {contract.table} arrives as {wanted}")
    if not is_known:
        raise _Unreadable(f"named {ending or 'without an ending'}; live files end in {', '.join(KINDS)}")


def _look_at_json(body: BinaryIO, text: _Text) -> Look:
    lines = text.line_breaks + (not text.is_ended)
    if not body.read(MB).removeprefix(BOM).lstrip().startswith(b"["):
        _check_longest(text.longest)
        return Look("json", text.digest, lines)
    body.seek(0)
    if text.size > MOST_SPLIT:
        raise _Unreadable(
            f"an array of {text.size:,} bytes, more than {MOST_SPLIT // MB} MB: send one object a line instead"
        )
    whole = body.read()
    try:
        elements = _elements(whole)
    except (ValueError, RecursionError) as error:
        with suppress(ValueError, RecursionError):
            json.loads(whole.removeprefix(BOM).split(b"\n", 1)[0])
            _check_longest(text.longest)
            return Look("json", text.digest, lines)  # lines, the first of which is an array
        raise _Unreadable(f"an array that is not whole: {error}") from None
    _check_longest(max((len(each.text) for each in elements), default=0))
    return Look("json", text.digest, len(elements), is_split=True)


def _check_longest(size: int) -> None:
    if size > MOST_IN_LINE:
        raise _Unreadable(f"holds a line of {size:,} bytes, more than {MOST_IN_LINE // MB} MB")


def _elements(body: bytes) -> list[Row]:
    """The elements of a JSON array; an error where the array is not whole."""
    text, elements, line, counted = body.decode("utf-8-sig"), list[Row](), 1, 0
    read = json.JSONDecoder().raw_decode
    place = _past_spaces(text, 0) + 1
    if text[_past_spaces(text, place) :][:1] == "]":
        place = _past_spaces(text, place)
    while text[place : place + 1] != "]":
        begin = _past_spaces(text, place)
        _, end = read(text, begin)
        line, counted = line + text.count("\n", counted, begin), begin
        elements.append(Row(line, text[begin:end].encode()))
        place = _past_spaces(text, end)
        if text[place : place + 1] == ",":
            place += 1
        elif text[place : place + 1] != "]":
            raise json.JSONDecodeError("Expecting ',' or ']'", text, place)
    if text[place + 1 :].strip():
        raise json.JSONDecodeError("Extra data", text, place + 1)
    return elements


def _past_spaces(text: str, place: int) -> int:
    match = SPACES.match(text, place)
    assert match is not None
    return match.end()


def _look_at_csv(body: BinaryIO, text: _Text, contract: Contract) -> Look:
    _check_longest(text.longest)
    if is_loose(contract, "csv"):
        return _look_at_spelled_again(body, text, contract)
    first = body.readline()
    if contract.arrives.strict and first.startswith(BOM):
        raise _Unreadable("begins with a byte order mark")
    try:
        header = bare(first).decode()
    except UnicodeDecodeError:
        raise _Unreadable("its header line is no UTF-8") from None
    names, known = names_in(header), headers(header, contract)
    _check_columns(names, contract)
    if contract.arrives.strict and names != list(contract.sent_names.values()):
        raise _Unreadable("columns in another order than the contract's")
    if contract.arrives.strict and header not in header_lines(contract):
        raise _Unreadable("header line is spelled otherwise than the contract's columns")
    is_split, lines = False, 0
    if text.has_quotes and not contract.arrives.strict and text.size <= MOST_SPLIT:
        for row in csv_rows(body, len(names)):
            is_split = is_split or b"\n" in row[:-1]
            lines += bare(row) not in known
    else:
        lines = sum(1 for line in body if bare(line) not in known)
    return Look("csv", text.digest, lines, header=header, is_split=is_split)


def _look_at_spelled_again(body: BinaryIO, text: _Text, contract: Contract) -> Look:
    if text.size > MOST_SPELLED_AGAIN:
        most = f"more than {MOST_SPELLED_AGAIN // MB} MB"
        raise _Unreadable(f"{text.size:,} bytes of a spelling that is read in memory, {most}")
    whole = body.read()
    try:
        found = spelled_again(whole, contract)
    except (HeadraceError, MemoryError):
        raise
    except ValueError as error:
        raise _Unreadable(str(error)) from None
    except Exception as error:  # a reader of a sector meets files that nobody thought of
        raise _Unreadable(f"cannot be read: {type(error).__name__}: {error}") from None
    _check_columns(names_in(found.header), contract)
    return Look("csv", text.digest, len(found.rows), header=found.header, is_split=True)


def _check_columns(names: list[str], contract: Contract) -> None:
    wanted = list(contract.sent_names.values())
    if not set(names) & set(wanted):
        raise _Unreadable("no header line with the contract's columns")
    evolving = {contract.sent_names[name] for name in contract.evolving}
    absent = [name for name in wanted if name not in names and name not in evolving]
    problems = [f"missing column {name}" for name in absent]
    problems += [f"unexpected column {name}" for name in names if name not in wanted]
    problems += [f"column {name} comes twice" for name in wanted if names.count(name) > 1]
    if problems:
        raise _Unreadable(", ".join(problems[:5]))


def _look_at_parquet(body: BinaryIO, text: _Text, contract: Contract) -> Look:
    try:
        footer = pq.ParquetFile(body)
    except (pa.ArrowInvalid, OSError) as error:
        raise _Unreadable(f"not a whole Parquet file: {str(error).splitlines()[0]}") from None
    _check_columns(footer.schema_arrow.names, contract)
    specs = dict(zip(contract.sent_names.values(), contract.columns.values(), strict=True))
    read_as = []
    for field in footer.schema_arrow:
        spec = specs[field.name]
        if fits(field.type, spec):
            continue
        may_hold, kind = ALSO_READ.get(spec.type, (lambda _: False, ""))
        if not may_hold(field.type) or pa.types.is_unsigned_integer(field.type):
            raise _Unreadable(f"column {field.name} holds {field.type}, the contract says {spec.type}")
        read_as.append((field.name, kind))
    return Look("parquet", text.digest, int(footer.metadata.num_rows), read_as=tuple(read_as))


def fits(stored: pa.DataType, spec: ColumnSpec) -> bool:
    """Whether a Parquet type holds what a contract says."""
    if not any(fits(stored) for fits in ARROW_FITS[spec.type]):
        return False
    if spec.type == "array":
        inner = [(stored.value_type, spec.items)]
    elif spec.type == "map":
        inner = [(stored.key_type, spec.keys), (stored.item_type, spec.values)]
    else:
        return True
    return all(any(fits(kind) for fits in ARROW_FITS[named or "string"]) for kind, named in inner)
