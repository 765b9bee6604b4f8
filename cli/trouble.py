"""A user's mistake gets its message, a bug gets a log file; neither fills the screen."""

import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

INTERRUPTED = 130


def guarded(command: Callable[[], object]) -> int:
    """Runs a command and returns its exit code."""
    try:
        command()
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
        return _stopped() if code == INTERRUPTED else code
    except KeyboardInterrupt:
        return _stopped()
    except BrokenPipeError:
        sys.stderr.close()
        return 0
    except Exception as error:
        return _explained(error)
    return 0


def _stopped() -> int:
    _complain("stopped; what was written is whole, and the same command goes on from there")
    return INTERRUPTED


def _explained(error: Exception) -> int:
    from headrace.errors import HeadraceError

    if isinstance(error, HeadraceError):
        _complain(str(error), word="error:")
        return error.exit_code
    if type(error).__name__ == "ValidationError" and getattr(error, "title", "") == "Settings":
        _complain(_settings_problem(error), word="error:")
        return 2
    log = _log_of(error)
    _complain(f"{type(error).__name__}: {_first_line(error)}", word="unexpected error:")
    _complain(f"the whole story is in {log}")
    return 1


def _settings_problem(error: Any) -> str:
    said = [
        f"HEADRACE_{str(each['loc'][0]).upper()}={each['input']}: {each['msg']}" for each in error.errors()
    ]
    return "\n".join([*said, "settings come from the environment and .env; .env.example lists them all"])


def _log_of(error: Exception) -> Path:
    now = datetime.now(UTC)
    log = _home() / "errors" / f"{now:%Y%m%dT%H%M%S}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_text(f"{now.isoformat()} {' '.join(sys.argv)}\n\n{''.join(traceback.format_exception(error))}")
    return log


def _home() -> Path:
    try:
        from headrace.settings import get_settings

        return get_settings().home
    except Exception:  # the settings themselves may be what is broken
        return Path(".headrace")


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), "")[:300]


def _complain(text: str, word: str = "") -> None:
    from rich.text import Text

    from cli.screen import err

    err.print(Text.assemble((f"{word} ", "bold red") if word else "", text))
