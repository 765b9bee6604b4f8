"""CSV files row by row: rows whose quotes hold line breaks, and files whose rows are spelled again as a plain file
would, which the same parser reads.

A file as people save it (`spelling: loose`) may have lines above its header, another separator, decimal commas and an
encoding of Windows; what can be read in two ways is left as it is, and is unreadable (decision 061). A file in a format
of its own is read by the function that its contract names (decision 064).
"""

import codecs
import csv
import io
import re
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

from headrace.contracts.model import NUMBERS, Contract
from headrace.contracts.rules import WRONG
from headrace.errors import UsageError
from headrace.tables import FileRow

BOM = b"\xef\xbb\xbf"
UTF_16 = codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE
MOST_LINES_IN_QUOTES = 1000
MOST_ABOVE = 100
"""So many lines are searched for the header."""
SEPARATORS = (",", ";", "\t")
DECIMAL_COMMA = re.compile(r"[+-]?(?:\d+|\d{1,3}(?:\.\d{3})+),\d+")
DECIMAL_POINT = re.compile(r"[+-]?\d*\.\d+")
THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+")
EITHER = re.compile(r"[+-]?\d{1,3}[.,]\d{3}")
"""A fraction, or thousands."""


class Row(NamedTuple):
    """A row of a text file. `line`: the number of the line on which it begins, from 1. `plain`: how a plain file spells
    it, of files that are spelled again."""

    line: int
    text: bytes
    plain: bytes | None = None


def bare(line: bytes) -> bytes:
    """Without byte order marks and a line break."""
    while line.startswith(BOM):
        line = line.removeprefix(BOM)
    return line.rstrip(b"\n").rstrip(b"\r")


def numbered(rows: Iterable[bytes], line: int = 1) -> Iterator[tuple[int, bytes]]:
    """Rows with the number of the line on which each begins. line: that of the first one."""
    for row in rows:
        yield line, row
        line += row.count(b"\n")


def csv_line(values: Iterable[str]) -> str:
    """Values in quotes only where they need them."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(values)  # it quotes the letters of its line end alone
    return text.getvalue().removesuffix("\r\n")


def names_in(header: str, separator: str = ",") -> list[str]:
    try:
        return [name.strip() for name in next(csv.reader([header], delimiter=separator), [])]
    except csv.Error:
        return []


def csv_rows(lines: Iterable[bytes], columns: int, separator: str = ",") -> Iterator[bytes]:
    """Joins the lines of a row whose quotes hold line breaks. Lines that together are no row of so many columns stay
    apart: one stray quote must not swallow what follows."""
    rest, again = iter(lines), deque[bytes]()
    while True:
        line = again.popleft() if again else next(rest, None)
        if line is None:
            return
        if line.count(b'"') % 2 == 0:
            yield line
            continue
        joined = [line]
        while len(joined) < MOST_LINES_IN_QUOTES:
            following = again.popleft() if again else next(rest, None)
            if following is None:
                break
            joined.append(following)
            if following.count(b'"') % 2:
                break
        if len(_without_blank_ends(_fields(b"".join(joined), separator) or [], columns)) == columns:
            yield b"".join(joined)
        else:
            yield line
            again.extendleft(reversed(joined[1:]))


def _fields(line: bytes, separator: str) -> list[str] | None:
    """None where it is not one row."""
    with suppress(csv.Error, UnicodeDecodeError):
        text = io.StringIO(bare(line).decode(), newline="")
        rows = list(csv.reader(text, delimiter=separator, strict=True))
        if len(rows) <= 1:
            return rows[0] if rows else []
    return None


@dataclass(frozen=True)
class SpelledAgain:
    """A file's header as a plain one spells it, empty where no line names a column of the contract, and its rows."""

    header: str
    rows: list[Row]


def spelled_again(body: bytes, contract: Contract) -> SpelledAgain:
    """Raises ValueError where the file cannot be read."""
    if contract.arrives.reader is None:
        return loose_file(body, contract)
    rows = _reader(contract.arrives.reader)(body)
    return SpelledAgain(csv_line(contract.sent_names.values()), [_as_row(row, contract) for row in rows])


@cache
def _reader(named: str) -> Callable[[bytes], Sequence[FileRow]]:
    module, _, function = named.partition(":")
    try:
        found: Callable[[bytes], Sequence[FileRow]] = getattr(import_module(module), function)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(
            f"arrives.reader names {named!r}, which is no function of a module: {error}"
        ) from None
    return found


def _as_row(row: FileRow, contract: Contract) -> Row:
    if row.wrong:
        return Row(row.line, f"{WRONG}{' '.join(row.wrong.split())}\n{row.text}".encode(), b"")
    fields = csv_line(_spelled(row.values.get(name)) for name in contract.columns)
    return Row(row.line, row.text.encode(), fields.encode())


def _spelled(value: Any) -> str:
    if isinstance(value, datetime):
        return (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None).isoformat()
    return "" if value is None else value.isoformat() if isinstance(value, date) else str(value)


def loose_file(body: bytes, contract: Contract) -> SpelledAgain:
    lines = io.BytesIO(_as_utf8(body)).readlines()
    place, separator, names = _header_in(lines, set(contract.sent_names.values()))
    rows = csv_rows(lines[place + 1 :], len(names), separator)
    found = [(line, row, _fitting(_fields(row, separator), names)) for line, row in numbered(rows, place + 2)]
    found = [each for each in found if not _says_nothing(each[2], names)]
    numbers = {contract.sent_names[name] for name, spec in contract.columns.items() if spec.type in NUMBERS}
    decimals = {
        at: _decimals_of(
            [fields[at].strip() for *_, fields in found if fields and at < len(fields)], separator
        )
        for at, name in enumerate(names)
        if name in numbers
    }
    if any("," in each for each in decimals.values()):
        decimals = {at: ".," if each == "" else each for at, each in decimals.items()}
    return SpelledAgain(
        csv_line(names) if names else "",
        [Row(line, bare(row), _plain(row, fields, decimals)) for line, row, fields in found],
    )


def _as_utf8(body: bytes) -> bytes:
    """A file is of Windows' encoding if none of its lines with other letters than ASCII's is UTF-8: in a file of UTF-8
    with a broken line, others are not broken."""
    if body.startswith(UTF_16):
        try:
            return body.decode("utf-16").encode()
        except UnicodeDecodeError:
            raise ValueError("begins as UTF-16 and is none") from None
    odd = [line for line in body.split(b"\n") if not line.isascii()]
    if odd and not any(map(_is_utf8, odd)):
        with suppress(UnicodeDecodeError):  # it has letters that Windows does not have
            return body.decode("cp1252").encode()
    return body


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def _header_in(lines: Sequence[bytes], wanted: Collection[str]) -> tuple[int, str, list[str]]:
    """Where the header is, its separator and its names: the first of the lines that name most of these columns."""
    best: tuple[int, str, list[str]] = (0, ",", [])
    most = 0
    for place, line in enumerate(lines[:MOST_ABOVE]):
        for separator in SEPARATORS:
            names = names_in(bare(line).decode(errors="replace"), separator)
            count = len(set(wanted) & set(names))
            if count > most:
                best, most = (place, separator, _without_blank_ends(names)), count
    return best


def _without_blank_ends(fields: list[str], least: int = 0) -> list[str]:
    """Spreadsheets save the empty columns at the right, too."""
    end = len(fields)
    while end > least and not fields[end - 1].strip():
        end -= 1
    return fields[:end]


def _fitting(fields: list[str] | None, names: list[str]) -> list[str] | None:
    return None if fields is None else _without_blank_ends(fields, len(names))


def _says_nothing(fields: list[str] | None, names: list[str]) -> bool:
    """A blank row, or the header again."""
    if fields is None:
        return False
    texts = [field.strip() for field in fields]
    return not any(texts) or texts == names


def _decimals_of(values: Sequence[str], separator: str) -> str:
    """What parts the fractions of a column's numbers: a point, a comma, or both; nothing where its points may all part
    thousands. In quotes between commas, 1,234 may be thousands."""
    has_commas = any(
        DECIMAL_COMMA.fullmatch(value) and (separator != "," or not EITHER.fullmatch(value))
        for value in values
        if "," in value
    )
    has_points = any(DECIMAL_POINT.fullmatch(each) and not THOUSANDS.fullmatch(each) for each in values)
    if not has_commas:
        return "." if has_points else ""
    return ".," if has_points else ","


def _plain(row: bytes, fields: list[str] | None, decimals: Mapping[int, str]) -> bytes:
    if fields is None:
        return bare(row)
    numbers = (_with_point(field, decimals.get(at, "")) for at, field in enumerate(fields))
    return csv_line(numbers).encode()


def _with_point(number: str, decimals: str) -> str:
    text = number.strip()
    if "," not in decimals or not (DECIMAL_COMMA.fullmatch(text) or THOUSANDS.fullmatch(text)):
        return number
    if decimals == ".," and EITHER.fullmatch(text):
        return f"{text}?"  # which no parser reads
    return text.replace(".", "").replace(",", ".")
