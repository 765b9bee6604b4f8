"""What was needed once is given back, in a process of its own for it changes how that process gets memory."""

import gc
import subprocess
import sys
import weakref
from collections.abc import Iterator

import pytest

from headrace.live import standing

SCRIPT = """
import os, sys
if sys.argv[1] == "keeps":
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "mimalloc"
import headrace
import numpy as np, psutil, pyarrow as pa
if sys.argv[1] == "gives back":
    from headrace.live.standing import give_back
    give_back()
me = psutil.Process()
whole = pa.array(np.arange(70_000))
held = [whole.cast(pa.float64()) for _ in range(200)][::40]  # as of a batch of which some outlive it
before = me.memory_info().rss
large = [whole.cast(pa.float64()) for _ in range(200)]
del large
print(me.memory_info().rss - before, pa.default_memory_pool().backend_name)
"""


def left_behind(how: str) -> tuple[int, str]:
    ran = subprocess.run([sys.executable, "-c", SCRIPT, how], capture_output=True, text=True, check=True)
    bytes_left, backend = ran.stdout.split()
    return int(bytes_left), backend


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the C library has its own ways")
def test_arrays_that_are_freed_go_back_to_the_system() -> None:
    left, backend = left_behind("gives back")
    assert backend == "system"
    assert left < 4 * 2**20
    assert left_behind("keeps")[1] != "system", "nothing would be left to show"


class Knot:
    """Names itself, so it goes only when somebody looks for such."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture
def nobody_else_sweeps() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()
    gc.unfreeze()


def test_what_only_names_itself_goes_each_minute(
    nobody_else_sweeps: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(standing, "monotonic", lambda: now[0])
    sweeper = standing.Sweeper()
    left = weakref.ref(Knot())
    now[0] = 59.0
    sweeper.sweep()
    assert left() is not None
    now[0] = 60.0
    sweeper.sweep()
    assert left() is None
