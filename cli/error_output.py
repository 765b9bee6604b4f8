"""A user's mistake gets its message, a bug gets a log file; neither fills the screen."""

import os
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

INTERRUPTED = 130
STOP_MESSAGE = "stopped; what was written is whole, and the same command goes on from there"


class Stopped(BaseException):
    """A signal told the command to stop while a thread beside this one was at work, and still is."""

    def __init__(self, signal_number: int) -> None:
        super().__init__(signal_number)
        self.exit_code = 128 + signal_number


def guarded(command: Callable[[], object]) -> int:
    """Runs a command and returns its exit code."""
    try:
        command()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        return _stopped() if code == INTERRUPTED else code
    except KeyboardInterrupt:
        return _stopped()
    except Stopped as stopped:
        from cli.watch import chatter_aside
        from cli.work import end_work

        with chatter_aside() as screen:  # until the end: threads complain that Spark is gone
            end_work()
            screen.print(STOP_MESSAGE, soft_wrap=True)
            screen.file.flush()
            os._exit(stopped.exit_code)  # any other way out waits for the threads
    except Exception as error:
        return _explained(error)
    return 0


def _stopped() -> int:
    _complain(STOP_MESSAGE)
    return INTERRUPTED


def _explained(error: Exception) -> int:
    from headrace.errors import HeadraceError, cause_to_act_on

    if not isinstance(error, HeadraceError):
        error = cause_to_act_on(error) or error
    if isinstance(error, HeadraceError):
        _complain(str(error), word="error:")
        return error.exit_code
    if type(error).__name__ == "ValidationError" and getattr(error, "title", "") == "Settings":
        _complain(_settings_problem(error), word="error:")
        return 2
    _complain(_summary(error), word="unexpected error:")
    story = _story(error)
    log = _logged(story)
    _complain(f"the whole story is in {log}" if log else f"no log file could be written:\n{story}")
    return 1


def _settings_problem(error: Any) -> str:
    from headrace.errors import without_passwords

    said = [
        f"HEADRACE_{str(each['loc'][0]).upper()}={without_passwords(str(each['input']))}: {each['msg']}"
        for each in error.errors()
    ]
    return "\n".join([*said, "settings come from the environment and .env; .env.example lists them all"])


def _story(error: Exception) -> str:
    now = datetime.now(UTC).isoformat()
    from headrace.errors import without_passwords

    return without_passwords(f"{now} {' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}")


def _logged(story: str) -> Path | None:
    """The log file, beside everything else or else in the temporary folder; None where neither can be written."""
    from tempfile import gettempdir

    for folder in (lambda: _home() / "errors", lambda: Path(gettempdir()) / "headrace-errors"):
        with suppress(OSError):
            log = folder() / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.log"
            log.parent.mkdir(parents=True, exist_ok=True)
            log.write_text(story)
            return log
    return None


def _home() -> Path:
    try:
        from headrace.settings import get_settings

        return get_settings().home
    except Exception:  # the settings themselves may be what is broken
        return Path(".headrace")


def _summary(error: Exception) -> str:
    from headrace.errors import useful_line

    said = f"{type(error).__name__}: {useful_line(error)[:300]}"
    return f"{said} ({'; '.join(notes)})" if (notes := getattr(error, "__notes__", [])) else said


def _complain(text: str, word: str = "") -> None:
    from rich.text import Text

    from cli.screen import err

    err.print(Text.assemble((f"{word} ", "bold red") if word else "", text))
