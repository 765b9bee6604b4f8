"""What can go wrong by a user's hand, as one tree, and what of it lies behind other exceptions.

A command ends with the exit code of its error.
"""

import errno
import re
import traceback
from collections.abc import Iterable, Iterator

FULL = "No space left on device|Disk quota exceeded|database or disk is full"
NETWORK = ("urllib3.", "requests.", "httpx.", "httpcore.")
OF_S3 = (
    r"s3a?://|S3Exception|S3 error|services\.s3|<Error><Code>"
    "|no credentials found in chain|error occurred while loading credentials"  # delta-rs, which names nothing then
)
CONFLICT = r"io\.delta\.exceptions\.(Concurrent|MetadataChanged|ProtocolChanged)\w*Exception"
STUCK = r"Could not execute broadcast in \d+ secs"
"""Spark's planner may wait for itself where two threads make one plan; the next try makes it anew."""
WITH_PASSWORD = re.compile(
    r"(://[^/@:\s]*:)[^\s]+(?=@)|((?:password|passwd|pwd|odbc_connect)=)[^&\s'\"]+", re.IGNORECASE
)
"""A password in a URL: before the host, or among its parameters."""
LONG_LIST = 12
"""Names that are not all listed beside those that may have been meant."""
SAYS_NOTHING = "An error occurred while calling"


class HeadraceError(Exception):
    """Something a person can act on; shown without a traceback."""

    exit_code = 1


class UsageError(HeadraceError):
    """What was asked for makes no sense."""

    exit_code = 2


class ContractError(UsageError):
    """A contract file does not hold together."""


class UnknownName(UsageError):
    """A domain, table or query that does not exist."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        names = sorted(known)
        listed = f"known: {', '.join(names) or 'none'}"
        if near := nearest(name, names):
            meant = f"did you mean {' or '.join(near)}?"
            listed = meant if len(names) > LONG_LIST else f"{meant} K{listed[1:]}"
        super().__init__(f"there is no {kind} named {name!r}; {listed}")


def nearest(name: str, known: Iterable[str]) -> list[str]:
    """The names that somebody may have meant, the likeliest first; three at most."""
    import difflib

    last = {each: each.rpartition("/")[2].rpartition(".")[2] for each in known}
    wanted = name.rpartition("/")[2].rpartition(".")[2].lower()
    alike = difflib.get_close_matches(wanted, set(last.values()), n=3, cutoff=0.75)
    longer = [each for each in last.values() if len(wanted) > 3 and wanted in each]
    return [each for each in last if last[each] in dict.fromkeys([*alike, *longer])][:3]


class NotReady(UsageError):
    """A table, topic or cluster that this needs does not exist yet; a scheduled run waits for it.

    waits_for: what is missing, as the end of the sentence "waits for ...".
    """

    def __init__(self, message: str, waits_for: str = "") -> None:  # the default is for pickle
        super().__init__(message)
        self.waits_for = waits_for


class Busy(HeadraceError):
    """Somebody else holds what this needs."""


class Transient(HeadraceError):
    """May be gone at the next try: a machine was lost, a service answers nobody."""


class GateClosed(HeadraceError):
    """A check failed between two layers."""


class ReceiptError(HeadraceError):
    """Rows in and rows out do not balance."""


def cause_to_act_on(error: BaseException) -> HeadraceError | None:
    """What a person can do about it, where that is known."""
    chain = list(_chain(error))
    if any(_is_full_disk(each) for each in chain):
        return HeadraceError(
            "the disk is full. What was written is whole: make room where HEADRACE_HOME and the temporary folder "
            "lie (or set HEADRACE_HOME to another disk), then run the same command again."
        )
    if (refusal := next(filter(None, map(refusal_in, chain)), None)) is not None:
        return refusal
    if any(_is_conflict(each) for each in chain):
        return Transient(
            "another run wrote the same table meanwhile, so nothing was written here; run the same command again"
        )
    if any(_is_lost_java(each) for each in chain):
        return Transient(
            "Spark's process ended: it was stopped from outside, or its memory did not suffice. What was written is "
            "whole. Run the same command again, in the second case with HEADRACE_MEMORY set to more."
        )
    return None


def refusal_in(error: BaseException) -> HeadraceError | None:
    """What AWS said no to, whoever asked: boto3, Spark's S3A or delta-rs."""
    note, text = next(iter(getattr(error, "__notes__", [])), ""), text_of(error)
    is_boto3s = type(error).__module__.startswith("botocore.")
    if not is_boto3s and re.search(OF_S3, text) is None:
        return None
    from headrace.aws_errors import in_words, read_from  # here: botocore takes long to import

    return in_words(error, note or "AWS") if is_boto3s else read_from(text, note)


def _is_conflict(error: BaseException) -> bool:
    """Delta found a commit of another writer that this one does not go with."""
    return (
        type(error).__module__.startswith("delta.exceptions")
        or re.search(CONFLICT, text_of(error)) is not None
    )


def _is_full_disk(error: BaseException) -> bool:
    number = error.errno if isinstance(error, OSError) else None
    return number in (errno.ENOSPC, errno.EDQUOT) or re.search(FULL, text_of(error)) is not None


def _is_lost_java(error: BaseException) -> bool:
    frames = traceback.walk_tb(error.__traceback__ if isinstance(error, ConnectionError) else None)
    return type(error).__name__ == "Py4JNetworkError" or any(
        str(frame.f_globals.get("__name__", "")).startswith("py4j.") for frame, _ in frames
    )


def may_pass(error: BaseException | None) -> bool:
    """Whether the same work is worth a second try: a connection failed, a machine was lost."""
    while error is not None:
        if isinstance(error, ConnectionError | Transient):
            return True
        if isinstance(error, HeadraceError):
            return False
        if _is_conflict(error) or re.search(STUCK, text_of(error)):
            return True
        if (refusal := refusal_in(error)) is not None:
            return isinstance(refusal, Transient)
        if f"{type(error).__module__}.".startswith(NETWORK):
            return True
        error = error.__cause__
    return False


def without_passwords(text: str) -> str:
    """The same with *** for the passwords of URLs in it."""
    return WITH_PASSWORD.sub(lambda found: f"{found[1] or found[2]}***", text)


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
