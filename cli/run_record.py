"""What was run here: one small file a run, with a log beside it, so that later runs know how long things take.

A run is a command that does work. It writes its file when it begins and again when it ends; one that was killed stays
without an end.
"""

import json
import os
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

PART = "-part"
KEPT = 100
"""Runs, and logs."""
LEARNED_FROM = 5
"""The last runs of a kind."""
LEAST, MOST = 0.1, 10.0
"""How far this machine may be from what an estimate begins with."""


@dataclass(frozen=True)
class RunRecord:
    """estimated: the seconds that it was expected to take, before anything learned. stages: those that it took, by what
    they were spent on."""

    run: str
    name: str
    domain: str
    command: str
    began: str
    pid: int
    ended: str = ""
    seconds: float = 0.0
    outcome: str = "under way"
    estimated: float = 0.0
    rows: int = 0
    link: str = ""
    """To the run in the Prefect server, where there is one."""
    stages: Mapping[str, float] = field(default_factory=dict)


@cache
def run_name() -> str:
    """Of this process."""
    return f"{datetime.now(UTC):%Y%m%dT%H%M%S}-{os.getpid()}"


def home() -> Path:
    from headrace.settings import get_settings

    return get_settings().home


def log_file(run: str = "") -> Path:
    return home() / "logs" / f"{(run or run_name()).removesuffix(PART)}.log"


@contextmanager
def recorded(
    name: str, domain: str, *, estimated: float = 0.0, is_part: bool = False
) -> Iterator[dict[str, Any]]:
    """Keeps what becomes of a run; what the caller puts into the dictionary is kept with it, such as its rows. is_part:
    of one that is kept itself, and not all that this process does."""
    from cli.clock import StageClock, time_taken
    from headrace.errors import without_passwords
    from headrace.progress import listening

    command = without_passwords(" ".join(["headrace", *sys.argv[1:]]))
    run, since = (run_name() + PART, time.monotonic()) if is_part else (run_name(), None)
    record = RunRecord(run, name, domain, command, _now(), os.getpid(), estimated=round(estimated, 1))
    clock, known = StageClock(), dict[str, Any]()
    _keep(record)
    outcome = "done"
    try:
        with listening(clock):
            yield known
    except BaseException as error:
        outcome = _in_words(error)
        _add_to_log(f"{outcome}\n{error}" if isinstance(error, Exception) else outcome)
        raise
    finally:
        known["stages"] = time_taken(clock, since)
        took = round(sum(known["stages"].values()), 1)
        _keep(replace(record, ended=_now(), seconds=took, outcome=outcome, **known))


def _in_words(error: BaseException) -> str:
    from headrace.errors import useful_line

    if isinstance(error, Exception):
        return f"failed: {useful_line(error)[:200] or type(error).__name__}"
    return "stopped"


def _add_to_log(text: str) -> None:
    with suppress(OSError), log_file().open("a") as log:
        log.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _keep(record: RunRecord) -> None:
    """Whoever may not write here runs all the same."""
    with suppress(OSError):
        folder = home() / "runs"
        folder.mkdir(parents=True, exist_ok=True)
        scratch = folder / f".{record.run}"
        scratch.write_text(json.dumps(asdict(record), indent=1))
        scratch.replace(folder / f"{record.run}.json")
        _forget(folder, "*.json")


def _forget(folder: Path, pattern: str) -> None:
    for file in sorted(folder.glob(pattern))[:-KEPT]:
        file.unlink(missing_ok=True)


def forget_old_logs() -> None:
    with suppress(OSError):
        _forget(home() / "logs", "[0-9]*.log")


def records() -> list[RunRecord]:
    """The newest first."""
    found = []
    for file in sorted((home() / "runs").glob("*.json"), reverse=True):
        with suppress(ValueError, TypeError):  # of another version
            found.append(_with_end(RunRecord(**json.loads(file.read_text()))))
    return found


def _with_end(record: RunRecord) -> RunRecord:
    """One that has none, and whose process is gone, was killed."""
    if record.outcome != "under way":
        return record
    import psutil

    began = datetime.fromisoformat(record.began).timestamp()
    with suppress(psutil.Error):
        if psutil.Process(record.pid).create_time() <= began + 1:
            return record
    return replace(record, outcome="killed")


def learned(name: str, domain: str) -> float:
    """How much longer than estimated the last runs of a kind took here; 1 before the first."""
    ratios = [
        each.seconds / each.estimated
        for each in records()
        if (each.name, each.domain, each.outcome) == (name, domain, "done") and each.estimated > 0
    ]
    return min(max(median(ratios[:LEARNED_FROM]), LEAST), MOST) if ratios else 1.0
