"""Progress on the screen: what is under way lives at the bottom, what is done scrolls up.

Not a terminal: one plain line per finished item. Events may come from several threads.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from time import monotonic

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from cli.outputs import Output, text_to
from cli.run_record import forget_old_logs, log_file
from cli.screen import count, seconds
from headrace.progress import Event, listening

SIGNS = {"done": ("✓", "green"), "skipped": ("·", "dim"), "failed": ("✗", "red")}
WIDEST = 34
SAYS_EVERY = 60.0
MOST_OF_A_LINE = 1_000


@contextmanager
def watching(console: Console | None = None) -> Iterator[None]:
    """Shows progress for as long as it lasts, and keeps it in the log."""
    with chatter_aside() as screen, log_file().open("a", buffering=1) as log:
        shown, kept = console or screen, Plain(Console(file=log, width=MOST_OF_A_LINE), stamped=True)
        if not shown.is_terminal:
            with listening(Plain(shown)), listening(kept):
                yield
            return
        rows = Rows(shown)
        live = Live(rows, console=shown, refresh_per_second=8, transient=True)
        with live, listening(rows), listening(kept):
            yield


@contextmanager
def chatter_aside() -> Iterator[Console]:
    """Yields the screen; whatever else would write on it goes to a log.

    A JVM or a server started here keeps the log for its output: they print between the lines of our JSON and
    through the rows that are being drawn ("Deleted 3 files", "Using incubator modules").
    """
    log = log_file()
    log.parent.mkdir(parents=True, exist_ok=True)
    ours = [os.dup(1), os.dup(2)]
    with log.open("ab") as file, text_to(Output(os.dup(ours[1]), "w")) as screen:
        _name_last(log)
        sys.stdout.flush()
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        try:
            yield Console(file=screen, highlight=False)
        finally:
            for number, saved in enumerate(ours, start=1):
                os.dup2(saved, number)
                os.close(saved)


def _name_last(log: Path) -> None:
    """`last.log` leads to the log of the last command."""
    last = log.with_name("last.log")
    with suppress(OSError):
        last.unlink(missing_ok=True)
        last.symlink_to(log.name)
    forget_old_logs()


class Plain:
    """A log: stage, item, rows, seconds. What goes on for long says so each minute."""

    def __init__(self, console: Console, *, stamped: bool = False) -> None:
        self._console, self._stamped = console, stamped
        self._lock = Lock()
        self._said: dict[tuple[str, str], float] = {}

    def _is_worth_a_line(self, event: Event) -> bool:
        key, now = (event.stage, event.item), monotonic()
        if event.state not in ("started", "going"):
            self._said.pop(key, None)
            return True
        is_due = now - self._said.setdefault(key, now) >= SAYS_EVERY
        if is_due:
            self._said[key] = now
        return is_due

    def __call__(self, event: Event) -> None:
        with self._lock:
            if not self._is_worth_a_line(event):
                return
            parts = [f"{datetime.now(UTC):%H:%M:%S}"] if self._stamped else []
            parts += [f"{event.stage:<10}", f"{event.item:<{WIDEST}}", f"{event.state:<8}"]
            parts.append(_counted(event))
            parts.append(f"{seconds(event.seconds):>12}")
            self._console.print(f"{' '.join(parts)}  {event.note}".rstrip(), markup=False, soft_wrap=True)


class Rows:
    """The live part: one row per item under way."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = Lock()
        self._running: dict[tuple[str, str], tuple[Event, float]] = {}
        self._stage = ""
        self._spinner = Spinner("dots")

    def __call__(self, event: Event) -> None:
        key = (event.stage, event.item)
        with self._lock:
            if event.state in ("started", "going"):
                _, since = self._running.get(key, (event, monotonic()))
                self._running[key] = (event, since)
                return
            self._running.pop(key, None)
            lines = _finished(event, self._console.width)
            if event.stage != self._stage:
                self._stage = event.stage
                lines.insert(0, Text(event.stage, style="bold"))
        self._console.print(*lines, sep="\n")  # never under our lock: drawing takes the console's, then ours

    def __rich__(self) -> RenderableType:
        with self._lock:
            running = list(self._running.values())
        grid = Table.grid(padding=(0, 1))
        for event, since in running:
            elapsed = Text(seconds(monotonic() - since), style="dim")
            grid.add_row(self._spinner, f"{event.stage} {event.item}", _how_far(event), elapsed, event.note)
        return Group(grid) if running else Text("")


def _finished(event: Event, width: int) -> list[Text]:
    """On a line, or with the note below where it does not fit."""
    sign, style = SIGNS[event.state]
    line = Text.assemble(
        (f"  {sign} ", style),
        f"{event.item:<{WIDEST}}",
        _counted(event),
        (f"{seconds(event.seconds):>13}", "dim"),
    )
    if len(event.note) + line.cell_len + 2 <= width or not event.note:
        return [Text.assemble(line, (f"  {event.note}" if event.note else "", "dim"))]
    line.rstrip()
    return [line, Text(f"      {event.note}", "dim")]


def _counted(event: Event) -> str:
    what = "checks" if event.stage == "scan" else "rows"
    return f"{count(event.rows):>12} {what:<6}" if event.rows is not None else " " * 19


def _how_far(event: Event) -> Text:
    if event.done is None or not event.total:
        return Text(f"{count(event.rows)} rows" if event.rows else "")
    filled = round(20 * min(event.done / event.total, 1))
    return Text.assemble(("━" * filled, "cyan"), ("━" * (20 - filled), "dim"), f" {event.done}/{event.total}")
