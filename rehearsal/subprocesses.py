"""Commands of Headrace in processes of their own, as a user would start them, and servers that outlive this one."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from headrace.errors import HeadraceError
from headrace.lake.paths import Paths
from headrace.live.heartbeat import last_beat
from headrace.settings import Settings, as_environment

ENDS_WITHIN = 90.0


class Command:
    """One running `headrace …`, its output in a file."""

    def __init__(self, words: list[str], settings: Settings, log: Path, **more: str) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log, self.words = log, words
        self._file = log.open("ab")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "cli.main", *words],
            env={**os.environ, **as_environment(settings), **more},
            stdout=self._file,
            stderr=self._file,
            stdin=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def is_running(self) -> bool:
        return self.process.poll() is None

    def kill(self) -> None:
        """With all it started, and without a chance to clean up."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self._file.close()

    def stop(self) -> None:
        """As an operator would; what does not end in time is killed and told."""
        if self.is_running:
            self.process.terminate()
        try:
            code = self.process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            self.kill()
            raise HeadraceError(
                f"headrace {' '.join(self.words)} did not stop in {ENDS_WITHIN:.0f} s"
            ) from None
        self._file.close()
        if code != 0:
            raise HeadraceError(f"headrace {' '.join(self.words)} ended with {code}:\n{self.last_lines()}")

    def last_lines(self, count: int = 8) -> str:
        return last_lines(self.log, count)


@contextmanager
def running(words: list[str], settings: Settings, log: Path) -> Iterator[Command]:
    command = Command(words, settings, log)
    try:
        yield command
        command.stop()
    finally:
        if command.is_running:
            command.kill()


def wait_until_standing(job: Command, paths: Paths, *, within: float = 120.0) -> None:
    """Until the standing job of that very process says that it runs."""
    end = time.monotonic() + within
    while time.monotonic() < end:
        beat = last_beat(paths)
        if beat is not None and beat.pid == job.process.pid and beat.state == "running":
            return
        if not job.is_running:
            raise HeadraceError(f"the standing job did not start:\n{job.last_lines()}")
        time.sleep(0.2)
    raise HeadraceError(f"the standing job did not start in {within:.0f} s:\n{job.last_lines()}")


def last_lines(log: Path, count: int = 8) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-count:])


def started_apart(command: list[str], log: Path) -> int:
    """The id of a process that outlives this one and is no child of it."""
    script = 'log=$1; shift; "$@" >>"$log" 2>&1 </dev/null & echo $!'
    ran = subprocess.run(
        ["sh", "-c", script, "sh", str(log), *command],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )
    return int(ran.stdout)


def port_is_taken(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def until(holds: Callable[[], bool], seconds: float, is_hopeless: Callable[[], bool]) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and not holds() and not is_hopeless():
        time.sleep(0.3)
