"""Small objects beside the tables: on a disk or in S3, under one handful of verbs.

Three matter: `put_new` either creates the object whole or says that it was there; `swap` replaces it, and
`delete_if` removes it, only where nobody else has.
"""

import fcntl
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, wraps
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

P = ParamSpec("P")
R = TypeVar("R")
_NOT_THERE = ("NoSuchKey", "404")
_CONFLICT = ("ConditionalRequestConflict", "409")
_CONDITION_FAILED = ("PreconditionFailed", "412", *_CONFLICT, *_NOT_THERE)
_CONFLICTS, _CONFLICT_PAUSE = 5, 0.1


def _named(verb: Callable[P, R]) -> Callable[P, R]:
    """What AWS says no to carries the place as a note: its own words seldom do."""

    @wraps(verb)
    def naming(*given: P.args, **named: P.kwargs) -> R:
        try:
            return verb(*given, **named)
        except Exception as error:
            if type(error).__module__.startswith("botocore.") and not getattr(error, "__notes__", None):
                error.add_note(str(getattr(given[0], "url", given[0])))
            raise

    return naming


@_named
def put(url: str, body: bytes) -> None:
    if _is_s3(url):
        bucket, key = _split(url)
        _s3().put_object(Bucket=bucket, Key=key, Body=body)
        return
    scratch = _written_beside(Path(url), body)
    scratch.replace(url)


@_named
def put_file(url: str, file: Path) -> None:
    """A large one in parts, not through memory."""
    if _is_s3(url):
        _s3().upload_file(str(file), *_split(url))
        return
    put(url, file.read_bytes())


@_named
def put_new(url: str, body: bytes) -> bool:
    if _is_s3(url):
        return _put_s3_if(url, body, IfNoneMatch="*")
    scratch = _written_beside(Path(url), body)
    try:
        os.link(scratch, url)
    except FileExistsError:
        return False
    finally:
        scratch.unlink()
    return True


@_named
def swap(url: str, old: bytes, new: bytes) -> bool:
    """Puts the new body where the old one still is; says whether it was."""
    if _is_s3(url):
        return _swap_in_s3(url, old, new)
    with _one_at_a_time_in(Path(url).parent):
        if get(url) != old:
            return False
        put(url, new)
    return True


@_named
def delete_if(url: str, old: bytes) -> bool:
    """Removes the object where the old body still is; says whether it was."""
    if _is_s3(url):
        return _delete_s3_if(url, old)
    with _one_at_a_time_in(Path(url).parent):
        if get(url) != old:
            return False
        delete(url)
    return True


@_named
def get(url: str) -> bytes | None:
    if _is_s3(url):
        found = _found_in_s3(url)
        return None if found is None else found.body
    try:
        return Path(url).read_bytes()
    except FileNotFoundError:
        return None


@dataclass(frozen=True)
class Aged:
    """A body, and for how many seconds at least it has lain there, by the clock of the place where it lies."""

    body: bytes
    age: float


@_named
def look_at(url: str) -> Aged | None:
    if _is_s3(url):
        found = _found_in_s3(url)
        return None if found is None else Aged(found.body, found.age)
    try:
        with Path(url).open("rb") as file:
            return Aged(file.read(), time.time() - os.fstat(file.fileno()).st_mtime)
    except FileNotFoundError:
        return None


@_named
def exists(url: str) -> bool:
    if not _is_s3(url):
        return Path(url).is_file()
    bucket, key = _split(url)
    try:
        _s3().head_object(Bucket=bucket, Key=key)
    except _client_error() as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return False
        raise
    return True


@_named
def delete(url: str) -> None:
    if _is_s3(url):
        bucket, key = _split(url)
        _s3().delete_object(Bucket=bucket, Key=key)
        return
    Path(url).unlink(missing_ok=True)


@_named
def list_under(url: str) -> list[str]:
    """Every object below a folder, sorted by name."""
    if _is_s3(url):
        bucket, prefix = _split(url)
        return sorted(f"s3a://{bucket}/{item['Key']}" for item in _in_s3(bucket, prefix))
    return sorted(str(path) for path in Path(url).rglob("*") if path.is_file() and not _is_scratch(path))


@dataclass(frozen=True)
class Found:
    """An object as a listing tells of it; `modified` in seconds since 1970.

    `stamp` changes with the content: the ETag in S3, on a disk the time of the last change to the nanosecond.
    """

    url: str
    modified: float
    size: int
    stamp: str


@_named
def look_under(url: str) -> list[Found]:
    """Every object below a folder, the oldest first."""
    if _is_s3(url):
        bucket, prefix = _split(url)
        found = [
            Found(
                f"s3a://{bucket}/{each['Key']}",
                each["LastModified"].timestamp(),
                each["Size"],
                each["ETag"].strip('"'),
            )
            for each in _in_s3(bucket, prefix)
        ]
    else:
        found = [each for name in list_under(url) if (each := _found_here(name)) is not None]
    return sorted(found, key=lambda each: (each.modified, each.url))


@_named
def look(url: str) -> Found | None:
    """One object as a listing would tell of it."""
    if not _is_s3(url):
        return _found_here(url)
    bucket, key = _split(url)
    try:
        head = _s3().head_object(Bucket=bucket, Key=key)
    except _client_error() as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return None
        raise
    return Found(url, head["LastModified"].timestamp(), head["ContentLength"], head["ETag"].strip('"'))


@_named
def read(found: Found) -> bytes | None:
    """The body of an object as it was found; None where it has changed or gone since."""
    if _is_s3(found.url):
        there = _found_in_s3(found.url)
        return there.body if there is not None and there.tag.strip('"') == found.stamp else None
    body = get(found.url)
    return body if body is not None and look(found.url) == found else None


@_named
def copy(found: Found, to: str) -> bool:
    """Copies an object as it was found; False where it has changed or gone since."""
    if _is_s3(found.url):
        (bucket, key), (there, name) = _split(found.url), _split(to)
        same = {"CopySourceIfMatch": f'"{found.stamp}"'}
        try:
            _s3().copy({"Bucket": bucket, "Key": key}, there, name, ExtraArgs=same)
        except _client_error() as error:
            if error.response["Error"]["Code"] in _CONDITION_FAILED:
                return False
            raise
        return True
    Path(to).parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(found.url, to)
    except FileNotFoundError:
        return False
    return look(found.url) == found


def opened(url: str) -> BufferedReader | BytesIO:
    """To read from, there and back; of S3 the whole body is held in memory."""
    if not _is_s3(url):
        return Path(url).open("rb")
    body = get(url)
    if body is None:
        raise FileNotFoundError(url)
    return BytesIO(body)


@_named
def move(url: str, to: str) -> None:
    """Over what lies there. In S3 it is for a moment in both places."""
    if not _is_s3(url):
        Path(to).parent.mkdir(parents=True, exist_ok=True)
        Path(url).replace(to)
        return
    (bucket, key), (there, name) = _split(url), _split(to)
    _s3().copy({"Bucket": bucket, "Key": key}, there, name)
    delete(url)


def make_folder(url: str) -> None:
    """Where there are folders at all."""
    if not _is_s3(url):
        Path(url).mkdir(parents=True, exist_ok=True)


@_named
def size(url: str) -> int:
    if not _is_s3(url):
        return Path(url).stat().st_size
    bucket, key = _split(url)
    return int(_s3().head_object(Bucket=bucket, Key=key)["ContentLength"])


def delete_under(url: str) -> None:
    """A folder and all that is in it."""
    if not _is_s3(url):
        shutil.rmtree(url, ignore_errors=True)
        return
    for name in list_under(url):
        delete(name)


def move_under(url: str, to: str) -> None:
    """A folder into the place of another. In S3 one object goes after the other."""
    delete_under(to)
    if not _is_s3(url):
        move(url, to)
        return
    for name in list_under(url):
        move(name, f"{to}{name.removeprefix(url)}")


def _found_here(name: str) -> Found | None:
    try:
        stat = Path(name).stat()
    except FileNotFoundError:  # it went since it was listed
        return None
    return Found(name, stat.st_mtime, stat.st_size, str(stat.st_mtime_ns))


def put_json(url: str, value: Any) -> None:
    put(url, json.dumps(value, default=str, separators=(",", ":")).encode())


def get_json(url: str) -> Any:
    body = get(url)
    return None if body is None else json.loads(body)


def all_json(url: str) -> Iterator[Any]:
    for name in list_under(url):
        if name.endswith(".json"):
            value = get_json(name)
            if value is not None:
                yield value


def _is_s3(url: str) -> bool:
    return url.startswith(("s3://", "s3a://"))


def _split(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.netloc, parts.path.lstrip("/")


def _in_s3(bucket: str, prefix: str) -> Iterator[dict[str, Any]]:
    listing = _s3().get_paginator("list_objects_v2")
    within = f"{prefix.rstrip('/')}/" if prefix else ""
    for page in listing.paginate(Bucket=bucket, Prefix=within):
        yield from page.get("Contents", [])


@cache
def _s3() -> Any:
    import boto3  # here and not above: most commands on a local lake take less time than this import

    return boto3.client("s3")


def _client_error() -> "type[ClientError]":
    """What an except clause asks for only after something was raised."""
    from botocore.exceptions import ClientError

    return ClientError


@dataclass(frozen=True)
class _InS3:
    body: bytes
    tag: str
    age: float


def _found_in_s3(url: str) -> _InS3 | None:
    bucket, key = _split(url)
    try:
        found = _s3().get_object(Bucket=bucket, Key=key)
    except _client_error() as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return None
        raise
    from email.utils import parsedate_to_datetime

    said = found["ResponseMetadata"]["HTTPHeaders"].get("date")
    now = parsedate_to_datetime(said) if said else datetime.now(UTC)
    age = (now - found["LastModified"]).total_seconds() - 1  # both are cut to whole seconds
    return _InS3(bytes(found["Body"].read()), found["ETag"], age)


def _put_s3_if(url: str, body: bytes, **condition: str) -> bool:
    """Whether it lies there now. When an answer is lost, boto3 asks again and is refused for what it stored itself."""
    bucket, key = _split(url)
    for left in reversed(range(_CONFLICTS)):
        try:
            _s3().put_object(Bucket=bucket, Key=key, Body=body, **condition)
            return True
        except _client_error() as error:
            code = error.response["Error"]["Code"]
            if code not in _CONDITION_FAILED:
                raise
        if code not in _CONFLICT or not left:
            break
        time.sleep(
            _CONFLICT_PAUSE
        )  # another request was on the way, which may have failed: S3 wants to be asked again
    return get(url) == body


def _swap_in_s3(url: str, old: bytes, new: bytes) -> bool:
    found = _found_in_s3(url)
    return found is not None and found.body == old and _put_s3_if(url, new, IfMatch=found.tag)


def _delete_s3_if(url: str, old: bytes) -> bool:
    found = _found_in_s3(url)
    if found is None or found.body != old:
        return False
    bucket, key = _split(url)
    try:
        _s3().delete_object(Bucket=bucket, Key=key, IfMatch=found.tag)
    except _client_error() as error:
        if error.response["Error"]["Code"] in _CONDITION_FAILED:
            return False
        raise
    return True


@contextmanager
def _one_at_a_time_in(folder: Path) -> Iterator[None]:
    """Among all processes of this machine; the kernel frees the lock of one that dies."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _written_beside(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    with os.fdopen(handle, "wb") as scratch:
        scratch.write(body)
    return Path(name)


def _is_scratch(path: Path) -> bool:
    return path.name.startswith(".writing-")
