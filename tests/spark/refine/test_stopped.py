"""A run that is told to stop while the machine is busy: it ends soon, says so, and leaves nothing behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from headrace.operate.receipt import receipt
from headrace.settings import as_environment
from tests.spark.refine.conftest import PumpStation, stroke

TOY = Path(__file__).parents[2] / "toy"
REFINE = f"""
import sys
import domains
domains.__path__.append({str(TOY)!r})
from cli.main import main
sys.argv = ["headrace", "refine", "pumps"]
main()
"""
BUSY = "while True: pass"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_that_is_told_to_stop_on_a_busy_machine_ends_soon_and_cleanly(
    station: PumpStation, number: signal.Signals, code: int
) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1), stroke(2)])
    env = {**os.environ, **as_environment(station.settings)}
    run = subprocess.Popen([sys.executable, "-c", REFINE], env=env, stderr=subprocess.PIPE, text=True)
    with run:
        assert run.stderr is not None
        first = next(line for line in run.stderr if line.startswith("bronze") and "done" in line)
        started = psutil.Process(run.pid).children(recursive=True)
        assert "java" in {each.name() for each in started}
        with _busy_cores():
            told_at = time.monotonic()
            run.send_signal(number)
            said = first + run.stderr.read()
            assert run.wait(timeout=60) == code
        assert time.monotonic() - told_at < 30
    assert said.endswith("stopped; what was written is whole, and the same command goes on from there\n")
    assert "rror" not in said
    _, left = psutil.wait_procs(started, timeout=30)
    assert not left
    assert not list(Path(station.paths.leases).rglob("*.json"))
    station.refine(layers=["bronze", "silver"])
    assert receipt("pumps", station.settings).balanced
    assert station.table("silver", "strokes").count() == 2


@contextmanager
def _busy_cores() -> Iterator[None]:
    busy = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(os.cpu_count() or 1)]
    try:
        yield
    finally:
        for each in busy:
            each.kill()
            each.wait()
