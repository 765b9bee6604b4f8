"""What lies behind an exception: a full disk, a Spark that is gone, whether it may pass, and the line of it that a
person can use."""

import errno
import re
import traceback
from collections.abc import Iterator

from headrace.errors import HeadraceError, NotEnoughRoom, Transient

SAYS_FULL = ("No space left on device", "Disk quota exceeded", "database or disk is full")
NETWORK = ("urllib3.", "requests.", "httpx.", "httpcore.")
OF_S3 = re.compile(
    r"s3a?://|S3Exception|S3 error|services\.s3|<Error><Code>"
    "|no credentials found in chain|error occurred while loading credentials"  # delta-rs, which names nothing then
)
CONFLICT = re.compile(r"io\.delta\.exceptions\.(Concurrent|MetadataChanged|ProtocolChanged)\w*Exception")
SAYS_NOTHING = "An error occurred while calling"


def cause_to_act_on(error: BaseException) -> HeadraceError | None:
    """What a person can do about it, where that is known."""
    chain = list(_chain(error))
    if any(_tells_of_full_disk(each) for each in chain):
        return NotEnoughRoom(
            "the disk is full. What was written is whole: make room where HEADRACE_HOME and the temporary folder "
            "lie (or set HEADRACE_HOME to another disk), then run the same command again."
        )
    if (said_no := next(filter(None, map(refusal_in, chain)), None)) is not None:
        return said_no
    if any(_is_conflict(each) for each in chain):
        return Transient(
            "another run wrote the same table meanwhile, so nothing was written here; run the same command again"
        )
    if any(_tells_of_no_java(each) for each in chain):
        return Transient(
            "Spark's process ended: it was stopped from outside, or its memory did not suffice. What was written is "
            "whole. Run the same command again, in the second case with HEADRACE_MEMORY set to more."
        )
    return None


def refusal_in(error: BaseException) -> HeadraceError | None:
    """What AWS said no to, whoever asked: boto3, Spark's S3A or delta-rs."""
    note = next(iter(getattr(error, "__notes__", [])), "")
    if _is_botocores(error):
        from headrace.aws_errors import in_words

        return in_words(error, note or "AWS")
    text = text_of(error)
    if OF_S3.search(text) is None:
        return None
    from headrace.aws_errors import read_from

    return read_from(text, note)


def _is_botocores(error: BaseException) -> bool:
    return type(error).__module__.startswith("botocore.")


def _is_conflict(error: BaseException) -> bool:
    """Delta found a commit of another writer that this one does not go with."""
    return (
        type(error).__module__.startswith("delta.exceptions") or CONFLICT.search(text_of(error)) is not None
    )


def _tells_of_full_disk(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return True
    return any(said in text_of(error) for said in SAYS_FULL)


def _tells_of_no_java(error: BaseException) -> bool:
    if type(error).__name__ == "Py4JNetworkError":
        return True
    if not isinstance(error, ConnectionError):
        return False
    frames = traceback.walk_tb(error.__traceback__)
    return any(str(frame.f_globals.get("__name__", "")).startswith("py4j.") for frame, _ in frames)


def may_pass(error: BaseException | None) -> bool:
    """Whether the same work is worth a second try: a connection failed, a machine was lost."""
    while error is not None:
        if isinstance(error, ConnectionError | Transient):
            return True
        if isinstance(error, HeadraceError):
            return False
        if _is_conflict(error):
            return True
        if (said_no := refusal_in(error)) is not None:
            return isinstance(said_no, Transient)
        if f"{type(error).__module__}.".startswith(NETWORK):
            return True
        error = error.__cause__
    return False


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
