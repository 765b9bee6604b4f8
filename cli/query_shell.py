"""A prompt for one statement after the other, with a history and names to complete by Tab."""

import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from typing import Any

from cli.query_output import Format, show

WORDS = ("select", "from", "where", "group by", "order by", "limit", "join", "describe", "show tables")
WELCOME = (
    "End a statement with ';', or give the name of a query. 'show tables;' and 'describe gold.x;' list what there is; "
    "Ctrl-D leaves."
)
QUIT = ("quit", "exit", "\\q", ".quit", ".exit")


class Shell:
    def __init__(
        self, ask: Callable[[str], AbstractContextManager[Any]], form: Format, limit: int | None
    ) -> None:
        self._ask, self._form, self._limit = ask, form, limit

    def run(self) -> None:
        from cli.screen import err

        if sys.stdin.isatty():
            self._make_ready()
            err.print(WELCOME, style="dim")
        for statement in statements():
            self._answer(statement)

    def _answer(self, statement: str) -> None:
        """A mistake ends the statement, not the shell."""
        from cli.screen import err
        from headrace.errors import HeadraceError

        try:
            with self._ask(statement.strip().rstrip(";").strip()) as result:
                show(result, self._form, self._limit)
        except HeadraceError as error:
            err.print(f"error: {error}", style="red", markup=False)
        except KeyboardInterrupt:
            err.print("stopped", style="dim")

    def _make_ready(self) -> None:
        with suppress(ImportError):  # not every Python has it
            import atexit
            import readline

            from headrace.settings import get_settings

            history = get_settings().home / "query_history"
            with suppress(OSError):
                readline.read_history_file(history)
            atexit.register(_kept, readline, history)
            names = [*WORDS, *_names()]
            readline.set_completer(
                lambda text, at: [*(name for name in names if name.startswith(text)), None][at]
            )
            readline.set_completer_delims(" \t\n,()=<>")
            readline.parse_and_bind("tab: complete")


def _kept(readline: Any, history: Any) -> None:
    with suppress(OSError):
        readline.set_history_length(1000)
        readline.write_history_file(history)


def _names() -> list[str]:
    from cli.examples import queries
    from headrace.contracts.load import domains_found
    from headrace.serve.query import tables_found
    from headrace.settings import get_settings

    domains = domains_found()
    tables = [
        f"{each.layer}.{each.table}" for domain in domains for each in tables_found(get_settings(), domain)
    ]
    return [*tables, *queries()]


def statements() -> Iterator[str]:
    """What is typed, as far as a ';' at the end of a line; the name of a query needs none."""
    lines: list[str] = []
    is_typed = sys.stdin.isatty()
    while True:
        try:
            line = input(("      -> " if lines else "headrace> ") if is_typed else "")
        except EOFError:
            if lines:
                yield "\n".join(lines)
            return
        except KeyboardInterrupt:
            print()
            lines = []
            continue
        text = line.strip()
        if not lines and text.rstrip(";").lower() in QUIT:
            return
        if text:
            lines.append(line)
        is_name = len(lines) == 1 and "/" in text and " " not in text
        if lines and (text.endswith(";") or is_name):
            yield "\n".join(lines)
            lines = []
