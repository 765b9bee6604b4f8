"""Memory that is given back: a job that stands for weeks must not keep what its largest batch once needed."""

import ctypes
import sys
from contextlib import suppress

import pyarrow as pa

MMAP_THRESHOLD, ARENA_MAX = -3, -8  # by the numbers that mallopt(3) has for them
LARGE, ARENAS = 256 * 1024, 4


def give_back() -> None:
    """Large arrays go to the system as soon as they are freed, instead of lying in pools of ours for the next one.
    By itself Arrow keeps them for good, and the C library takes ever larger ones for small."""
    pa.set_memory_pool(pa.system_memory_pool())
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than GNU's has its own ways
            c = ctypes.CDLL(None)
            c.mallopt(MMAP_THRESHOLD, LARGE)
            c.mallopt(ARENA_MAX, ARENAS)
