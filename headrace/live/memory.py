"""Memory that is given back: a job that stands for weeks must not keep what its largest batch once needed."""

import ctypes
import sys
from contextlib import suppress

MMAP_THRESHOLD, ARENA_MAX = -3, -8  # by the numbers that mallopt(3) has for them
LARGE, ARENAS = 256 * 1024, 4


def give_back() -> None:
    """Large arrays go to the system as soon as they are freed. By itself the C library keeps ever larger ones."""
    if sys.platform != "linux":
        return
    with suppress(OSError, AttributeError):  # another C library than GNU's has its own ways
        c = ctypes.CDLL(None)
        c.mallopt(MMAP_THRESHOLD, LARGE)
        c.mallopt(ARENA_MAX, ARENAS)
