"""Tables as their reader can take them.

A terminal gets columns side by side where they fit, long texts broken into lines. Where they do not, as many of the
first columns as fit stand side by side and the others below each row: nothing is left out. A pipe or a file gets one
line a row, however wide.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

BETWEEN = ("   ", "  ")
"""What stands between columns: the first, or where it is narrow the second."""
LEAST_TEXT = 16
"""A text is not broken into lines that are shorter."""
MOST_LINES = 6
"""Of a row whose texts are broken; of a row that would take more, the last columns stand below."""
SHORT_HEADING = 10
INDENT = "  "
NOTHING = "\N{EN DASH}"
"""In the place of a value that is null, where its name stands beside it."""


@dataclass(frozen=True)
class Column:
    heading: str
    is_number: bool
    cells: tuple[Text, ...]

    @property
    def wished(self) -> int:
        return max(self.natural, len(self.heading))

    @property
    def natural(self) -> int:
        """The width without a broken text; its heading may be."""
        widths = (line.cell_len for cell in self.cells for line in cell.split("\n"))
        return max(*widths, _least_heading(self.heading), 1)

    @property
    def least(self) -> int:
        """The width below which a number or a word would be cut."""
        if self.is_number:
            return self.natural
        words = (len(word) for cell in self.cells for word in cell.plain.split())
        return max(*words, min(self.natural, LEAST_TEXT), _least_heading(self.heading))


class Grid:
    """A heading that begins with '>' is over numbers. grouped: on a terminal, the first column is told once above all
    its rows."""

    def __init__(
        self,
        headings: Sequence[str],
        rows: Iterable[Sequence[Any]],
        title: str | None = None,
        *,
        grouped: bool = False,
    ) -> None:
        self._rows = [[_text(cell) for cell in row] for row in rows]
        self._columns = [
            Column(heading.removeprefix(">"), heading.startswith(">"), tuple(row[at] for row in self._rows))
            for at, heading in enumerate(headings)
        ]
        self._title, self._grouped = title, grouped

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self._title:
            yield Text(self._title, style="bold")
        if not console.is_terminal:
            yield from (Text(line, no_wrap=True, overflow="ignore") for line in self.lines())
            return
        yield from self._side_by_side(console, options.max_width) or self._stacked(console, options.max_width)
        yield Text()

    @property
    def row_count(self) -> int:
        return len(self._rows)

    def lines(self) -> Iterator[str]:
        """One a row, without styles, below that of the headings."""
        yield self.line([each.heading for each in self._columns])
        for row in self._rows:
            yield self.line([_one_line(cell).plain for cell in row])

    def line(self, cells: Sequence[str]) -> str:
        """Of a row that may have come later, as wide as those that were there."""
        padded = (
            cell.rjust(width) if column.is_number else cell.ljust(width)
            for cell, width, column in zip(cells, self._wished, self._columns, strict=True)
        )
        return BETWEEN[0].join(padded).rstrip()

    @cached_property
    def _wished(self) -> list[int]:
        return [each.wished for each in self._columns]

    def fits(self, console: Console) -> bool:
        """Whether its columns stand side by side."""
        return not console.is_terminal or bool(self._side_by_side(console, console.width))

    @property
    def _shown(self) -> list[Column]:
        return self._columns[1:] if self._grouped else self._columns

    def _widths(self, room: int, between: str) -> list[int] | None:
        """How wide each column gets; None where they do not fit side by side."""
        shown = self._shown
        room -= len(between) * (len(shown) - 1) + (len(INDENT) if self._grouped else 0)
        if sum(wished := [each.wished for each in shown]) <= room:
            return wished
        widths, least = [each.natural for each in shown], [each.least for each in shown]
        if sum(least) > room:
            return None
        while (excess := sum(widths) - room) > 0:
            at = max((width - least[at], at) for at, width in enumerate(widths))[1]
            widths[at] = max(least[at], widths[at] - excess)
        return _spread(shown, widths, room)

    def _side_by_side(self, console: Console, room: int) -> list[Text]:
        """Nothing where it does not fit."""
        natural = sum(each.natural for each in self._shown)
        between = BETWEEN[natural + len(BETWEEN[0]) * len(self._shown) > room]
        widths = self._widths(room, between)
        if widths is None:
            return []
        indent = INDENT if self._grouped else ""
        lines, group = _head(self._shown, widths, between, indent), None
        for row in self._rows:
            if self._grouped:
                if row[0].plain != group:
                    lines.append(row[0])
                group, row = row[0].plain, row[1:]
            cells = [_wrapped(cell, console, width) for cell, width in zip(row, widths, strict=True)]
            height = max(len(cell) for cell in cells)
            if height > MOST_LINES:
                return []
            for at in range(height):
                pieces = [cell[at] if at < len(cell) else Text() for cell in cells]
                lines.append(_joined(pieces, widths, self._shown, between, indent))
        return lines

    def _stacked(self, console: Console, room: int) -> Iterator[Text]:
        """The first columns side by side, as many as fit; below each row the others with their names."""
        if not self._rows:
            yield Text("no rows")
            return
        lead = self._lead(room)
        left = room - len(BETWEEN[0]) * (lead - 1)
        widths = _spread(self._columns[:lead], [each.natural for each in self._columns[:lead]], left)
        if lead:
            yield from _head(self._columns[:lead], widths, BETWEEN[0], "")
        below = list(self._below(lead, room - len(INDENT)))
        for number, row in enumerate(self._rows, start=1):
            if lead:
                line = _joined(row[:lead], widths, self._columns[:lead], BETWEEN[0])
                line.stylize("bold")
                yield line
            else:
                yield Text(f"{number} ".ljust(room, "─"), style="dim")
            for places in below:
                yield from self._pairs(row, places, console, room)

    def _lead(self, room: int) -> int:
        """How many columns fit side by side from the left."""
        used = 0
        for at, column in enumerate(self._columns):
            used += column.natural + (len(BETWEEN[0]) if at else 0)
            if used > room:
                return at
        return len(self._columns)

    def _below(self, lead: int, room: int) -> Iterator[list[int]]:
        """The places of the other columns, line by line: the same for all rows, so that their values are below each
        other."""
        line: list[int] = []
        used = 0
        for at in range(lead, len(self._columns)):
            width = self._pair_width(at) + len(BETWEEN[0])
            if line and used + width > room + len(BETWEEN[0]):
                yield line
                line, used = [], 0
            line.append(at)
            used += width
        yield line

    def _pair_width(self, at: int) -> int:
        column = self._columns[at]
        return len(column.heading) + 1 + max(1, *(cell.cell_len for cell in column.cells))

    def _pairs(
        self, row: Sequence[Text], places: Sequence[int], console: Console, room: int
    ) -> Iterator[Text]:
        line = Text(INDENT)
        for at in places:
            start = line.cell_len
            line.append(f"{self._columns[at].heading} ", "dim").append_text(row[at] or Text(NOTHING))
            if at != places[-1]:
                line.pad_right(start + self._pair_width(at) + len(BETWEEN[0]) - line.cell_len)
        line.rstrip()
        first, *others = _wrapped(line, console, room)
        yield first
        for piece in _wrapped(Text(" ").join(others), console, room - len(INDENT)) if others else ():
            yield Text.assemble(INDENT, piece)


def _head(columns: Sequence[Column], widths: Sequence[int], between: str, indent: str) -> list[Text]:
    """The headings, their last lines beside each other, and a rule below them."""
    headings = [_folded(each.heading, width) for each, width in zip(columns, widths, strict=True)]
    depth = max(len(each) for each in headings)
    padded = [[""] * (depth - len(each)) + each for each in headings]
    lines = [
        _joined([Text(each[at], "bold") for each in padded], widths, columns, between, indent)
        for at in range(depth)
    ]
    return [*lines, Text(indent + "─" * (sum(widths) + len(between) * (len(widths) - 1)))]


def _spread(columns: Sequence[Column], widths: list[int], room: int) -> list[int]:
    """Gives what is left of the room to the headings with the most lines."""
    for _ in range(room - sum(widths) if widths else 0):
        depths = [len(_folded(each.heading, width)) for each, width in zip(columns, widths, strict=True)]
        widths[depths.index(max(depths))] += max(depths) > 1
    return widths


def _wrapped(cell: Text, console: Console, width: int) -> list[Text]:
    return list(cell.wrap(console, width, overflow="fold"))


def _text(cell: Any) -> Text:
    return Text() if cell is None else Text.from_markup(str(cell))


def _one_line(cell: Text) -> Text:
    return Text(" | ").join(cell.split("\n")) if "\n" in cell.plain else cell


def _joined(
    cells: Sequence[Text], widths: Sequence[int], columns: Sequence[Column], between: str, indent: str = ""
) -> Text:
    line = Text(indent, no_wrap=True, overflow="ignore")
    for at, (cell, width, column) in enumerate(zip(cells, widths, columns, strict=True)):
        missing = max(width - cell.cell_len, 0)
        line.append(between if at else "")
        line.append(" " * missing if column.is_number else "").append_text(cell)
        line.append("" if column.is_number else " " * missing)
    line.rstrip()
    return line


def _folded(heading: str, width: int) -> list[str]:
    """A heading in lines of a width, broken behind spaces and underscores."""
    lines = [""]
    for part in re.findall(r"[^ _]*[ _]*", heading):
        if len((lines[-1] + part).rstrip()) > width and lines[-1]:
            lines.append("")
        lines[-1] += part
    return [line.rstrip() for line in lines]


def _least_heading(heading: str) -> int:
    """A short one is not broken."""
    if len(heading) <= SHORT_HEADING:
        return len(heading)
    return max((len(part.rstrip()) for part in re.findall(r"[^ _]*[ _]*", heading)), default=0)
