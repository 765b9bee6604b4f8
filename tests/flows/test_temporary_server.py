"""The server that a run has for itself: a real one, which is gone soon after its run, however that ended."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

STARTS = """
import tasks
from tasks.temporary_server import start_server
server = start_server()
print(server._process.pid, flush=True)
server.wait()
print("up", flush=True)
input()
"""


@pytest.fixture
def run(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    env = {**os.environ, "HEADRACE_HOME": str(tmp_path)}
    started = subprocess.Popen(
        [sys.executable, "-c", STARTS], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=env
    )
    with started:
        yield started
        started.kill()


def test_it_ends_with_a_run_that_was_killed(run: "subprocess.Popen[str]") -> None:
    server = psutil.Process(int(_line(run)))
    assert _line(run) == "up"
    os.kill(run.pid, signal.SIGKILL)
    server.wait(timeout=30)


def test_it_ends_though_its_run_is_killed_before_it_is_up(run: "subprocess.Popen[str]") -> None:
    server = psutil.Process(int(_line(run)))
    os.kill(run.pid, signal.SIGKILL)
    server.wait(timeout=120)


def test_a_run_that_ends_by_itself_waits_for_its_end(run: "subprocess.Popen[str]") -> None:
    server = int(_line(run))
    assert _line(run) == "up"
    run.communicate("\n", timeout=60)
    assert run.returncode == 0
    assert not psutil.pid_exists(server)


def _line(run: "subprocess.Popen[str]") -> str:
    assert run.stdout is not None
    return run.stdout.readline().strip()
