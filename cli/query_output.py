"""An answer on the screen, in a pipe or in a file; its rows are taken as they are needed."""

import csv
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from itertools import chain, islice
from pathlib import Path
from typing import Any, Protocol


class Format(StrEnum):
    table = "table"
    csv = "csv"
    json = "json"


class Answer(Protocol):
    """numbers: which columns hold some."""

    columns: tuple[str, ...]
    numbers: tuple[bool, ...]

    def rows(self) -> Iterable[tuple[Any, ...]]: ...


SHOWN, STACKED_SHOWN = 50, 15
"""Rows of an answer on a screen; fewer where each takes several lines."""
LOOKED_AT = 1_000
"""Rows that decide how wide columns are."""
MOST_IN_A_SHEET = 1_048_575
"""Rows below a heading: what a sheet of a workbook holds."""


def show(answer: Answer, form: Format, limit: int | None = None) -> None:
    rows = islice(answer.rows(), limit)
    if form is Format.csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(answer.columns)
        writer.writerows(rows)
    elif form is Format.json:
        _print_json(dict(zip(answer.columns, row, strict=True)) for row in rows)
    else:
        print_table(answer, rows, limit)


def _print_json(objects: Iterator[dict[str, Any]]) -> None:
    from cli.screen import plain

    between = "["
    for each in objects:
        text = json.dumps(plain(each), indent=2, default=str).replace("\n", "\n  ")
        print(f"{between}\n  {text}", end="")
        between = ","
    print("[]" if between == "[" else "\n]")


def print_table(answer: Answer, rows: Iterator[tuple[Any, ...]], at_most: int | None = None) -> None:
    """As many rows as a screen holds, or as are asked for; all of them where there is no screen."""
    from cli.screen import count, out

    looked_at = list(islice(rows, LOOKED_AT))
    if not out.is_terminal:
        grid = _grid(answer, looked_at)
        for line in chain(grid.lines(), (grid.line([_words(value) for value in row]) for row in rows)):
            print(line)
        return
    grid = _grid(answer, looked_at[: at_most or SHOWN])
    if not at_most and not grid.fits(out):
        grid = _grid(answer, looked_at[:STACKED_SHOWN])
    out.print(grid)
    left = len(looked_at) - grid.row_count
    if left or (at_most is None and next(rows, None)):
        more = "more than " if len(looked_at) == LOOKED_AT else ""
        out.print(f"  not shown: {more}{count(left)} rows; --limit shows as many as you say\n", style="dim")


def _grid(answer: Answer, rows: Sequence[tuple[Any, ...]]) -> Any:
    from cli.screen import table

    headings = [
        f">{name}" if number else name for name, number in zip(answer.columns, answer.numbers, strict=True)
    ]
    return table(headings, map(_cells, rows))


def _cells(row: tuple[Any, ...]) -> list[str]:
    from rich.markup import escape

    return [escape(_words(value)) for value in row]


def _words(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def save(result: Any, file: Path, limit: int | None = None) -> None:
    """Writes an answer to a file that is there when it is whole."""
    from headrace.errors import UsageError

    kind = file.suffix.lower()
    if kind not in (".parquet", ".csv", ".xlsx"):
        raise UsageError(
            f"{file}: an answer is written as .parquet, .csv or .xlsx, by the ending of its file"
        )
    if not file.absolute().parent.is_dir():
        raise UsageError(f"{file}: there is no folder {file.absolute().parent}")
    scratch = file.with_name(f".{os.getpid()}-{file.name}")
    try:
        if kind == ".xlsx":
            _save_workbook(result.columns, islice(result.rows(), limit), scratch)
        else:
            result.save(scratch, limit)
        scratch.replace(file)
    finally:
        scratch.unlink(missing_ok=True)


def _save_workbook(columns: Sequence[str], rows: Iterable[tuple[Any, ...]], file: Path) -> None:
    import xlsxwriter

    from headrace.errors import UsageError

    options = {"constant_memory": True, "nan_inf_to_errors": True, "remove_timezone": True}
    with xlsxwriter.Workbook(str(file), options) as book:
        sheet, bold = book.add_worksheet(), book.add_format({"bold": True})
        day, instant = (book.add_format({"num_format": f"yyyy-mm-dd{hours}"}) for hours in ("", " hh:mm:ss"))
        sheet.write_row(0, 0, columns, bold)
        sheet.freeze_panes(1, 0)
        for number, row in enumerate(rows, start=1):
            if number > MOST_IN_A_SHEET:
                raise UsageError(
                    f"a sheet holds {MOST_IN_A_SHEET:,} rows; use --limit, or write .parquet or .csv"
                )
            for at, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(number, at, value, instant if isinstance(value, datetime) else day)
                elif value is None or isinstance(value, bool | int | float | Decimal):
                    sheet.write(number, at, value)
                else:
                    sheet.write_string(number, at, str(value))
