"""Programs that go on beside us and end with us, each with what it says in a log."""

import os
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from headrace.errors import HeadraceError

ENDS_WITHIN = 20.0


@contextmanager
def beside(
    words: Sequence[object], log: Path, *, folder: Path, environment: Mapping[str, str]
) -> Iterator["subprocess.Popen[bytes]"]:
    """With all that it starts, in a process group that no Ctrl-C reaches: we end it ourselves, in our order."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as said:
        process = subprocess.Popen(
            [str(word) for word in words], cwd=folder, env=dict(environment), stdout=said, stderr=said,
            stdin=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        end(process)


def end(process: "subprocess.Popen[bytes]") -> None:
    """Whoever is left of its group when it has ended is not asked."""
    if process.poll() is None:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(ENDS_WITHIN)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def end_all_in(folder: Path) -> None:
    """Whoever works below a folder, in whatever session, is not asked."""
    for process in psutil.process_iter(["cwd"]):
        if Path(process.info["cwd"] or "").is_relative_to(folder.resolve()):
            with suppress(psutil.NoSuchProcess):
                process.kill()


def done(
    words: Sequence[object],
    log: Path,
    *,
    folder: Path,
    environment: Mapping[str, str],
    within: float = 600,
) -> str:
    """What it said, once it is through; its end with anything but 0 is raised with its last words."""
    log.parent.mkdir(parents=True, exist_ok=True)
    try:
        ran = subprocess.run(
            [str(word) for word in words], cwd=folder, env=dict(environment), text=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=within,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise HeadraceError(f"{_named(words)} was not through in {within:.0f} s; see {log}") from error
    with log.open("a") as said:
        said.write(f"$ {_named(words)}\n{ran.stdout}\n")
    if ran.returncode:
        last = "\n".join(ran.stdout.splitlines()[-30:])
        raise HeadraceError(f"{_named(words)} ended with {ran.returncode}:\n{last}")
    return ran.stdout


def _named(words: Sequence[object]) -> str:
    return " ".join([Path(str(words[0])).name, *map(str, words[1:])])
