"""What was needed once is given back, in a process of its own for it changes how that process gets memory."""

import subprocess
import sys

import pytest

SCRIPT = """
import os, sys
if sys.argv[1] == "keeps":
    os.environ["ARROW_DEFAULT_MEMORY_POOL"] = "mimalloc"
import headrace
import numpy as np, psutil, pyarrow as pa
if sys.argv[1] == "gives back":
    from headrace.live.memory import give_back
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
