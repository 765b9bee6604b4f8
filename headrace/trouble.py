"""What lies behind an exception: whether the disk was full, and the line of it that a person can use."""

import errno
from collections.abc import Iterator

from headrace.errors import NotEnoughRoom

SAYS_FULL = ("No space left on device", "Disk quota exceeded", "database or disk is full")
SAYS_NOTHING = "An error occurred while calling"


def is_disk_full(error: BaseException) -> bool:
    return any(
        (isinstance(each, OSError) and each.errno in (errno.ENOSPC, errno.EDQUOT))
        or any(said in text_of(each) for said in SAYS_FULL)
        for each in _chain(error)
    )


def disk_full() -> NotEnoughRoom:
    return NotEnoughRoom(
        "the disk is full. What was written is whole: make room where HEADRACE_HOME and the temporary folder "
        "lie (or set HEADRACE_HOME to another disk), then run the same command again."
    )


def useful_line(error: BaseException) -> str:
    lines = (line.strip(" :") for line in text_of(error).splitlines())
    return next((line for line in lines if line and not line.startswith(SAYS_NOTHING)), "")


def text_of(error: BaseException) -> str:
    """What it says, with the JVM's account where there is one."""
    try:
        return f"{error}\n{getattr(error, '_stackTrace', '')}".strip()
    except Exception:  # Spark's errors ask the JVM for their text, and it may be gone
        return ""


def _chain(error: BaseException) -> Iterator[BaseException]:
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if isinstance(each, BaseException) and id(each) not in seen:
            seen.add(id(each))
            yield each
            waiting += [each.__cause__, each.__context__, getattr(each, "_cause", None)]
