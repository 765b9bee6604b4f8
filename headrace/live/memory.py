"""Memory that is given back: a job that stands for weeks must not keep what its largest batch once needed."""

import ctypes
import gc
import sys
from contextlib import suppress
from time import monotonic

MMAP_THRESHOLD, ARENA_MAX = -3, -8  # by the numbers that mallopt(3) has for them
LARGE, ARENAS = 256 * 1024, 4
SWEEPS_EVERY = 60.0
FROM_THE_START = "-XX:+AlwaysPreTouch"
"""For the JVM: all of its heap at once, so that what is missing is missing at the start and not in a week."""


def give_back() -> None:
    """Large arrays go to the system as soon as they are freed. By itself the C library keeps ever larger ones."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library than GNU's has its own ways
        c = ctypes.CDLL(None)
        c.mallopt(MMAP_THRESHOLD, LARGE)
        c.mallopt(ARENA_MAX, ARENAS)


class Sweeper:
    """Each batch leaves objects behind that name each other, and Spark's plans hang on them. Python by itself looks for
    such when there are a quarter more than it has in all, which is once an hour."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()  # what is there now stays, and need not be looked through again
        self._swept = monotonic()

    def sweep(self) -> None:
        """Where it is time to."""
        if monotonic() - self._swept >= SWEEPS_EVERY:
            gc.collect()
            self._swept = monotonic()
