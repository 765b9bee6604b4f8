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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

_NOT_THERE = ("NoSuchKey", "404")
_CONFLICT = ("ConditionalRequestConflict", "409")
_CONDITION_FAILED = ("PreconditionFailed", "412", *_CONFLICT, *_NOT_THERE)
_CONFLICTS, _CONFLICT_PAUSE = 5, 0.1
_SCRATCH = ".writing-"


def put(url: str, body: bytes) -> None:
    if not _is_s3(url):
        _written_beside(Path(url), body).replace(url)
        return
    with _passing_over(url):
        _s3().put_object(**_place(url), Body=body)


def put_file(url: str, file: Path) -> None:
    """A large one in parts, not through memory."""
    if not _is_s3(url):
        put(url, file.read_bytes())
        return
    with _passing_over(url):
        _s3().upload_file(str(file), **_place(url))


def put_new(url: str, body: bytes) -> bool:
    if _is_s3(url):
        return _put_in_s3_if(url, body, IfNoneMatch="*")
    scratch = _written_beside(Path(url), body)
    try:
        os.link(scratch, url)
    except FileExistsError:
        return False
    finally:
        scratch.unlink()
    return True


def swap(url: str, old: bytes, new: bytes) -> bool:
    """Puts the new body where the old one still is; says whether it was."""
    if _is_s3(url):
        found = look_at(url)
        return found is not None and found.body == old and _put_in_s3_if(url, new, IfMatch=found.tag)
    with _one_at_a_time_in(Path(url).parent):
        if get(url) != old:
            return False
        put(url, new)
    return True


def delete_if(url: str, old: bytes) -> bool:
    """Removes the object where the old body still is; says whether it was."""
    if not _is_s3(url):
        with _one_at_a_time_in(Path(url).parent):
            if get(url) != old:
                return False
            delete(url)
        return True
    found = look_at(url)
    if found is not None and found.body == old:
        with _passing_over(url, *_CONDITION_FAILED):
            _s3().delete_object(**_place(url), IfMatch=found.tag)
            return True
    return False


def get(url: str) -> bytes | None:
    found = look_at(url)
    return None if found is None else found.body


@dataclass(frozen=True)
class Aged:
    """A body, for how many seconds at least it has lain there, by the clock of that place, and its ETag in S3."""

    body: bytes
    age: float
    tag: str = ""


def look_at(url: str) -> Aged | None:
    if not _is_s3(url):
        try:
            with Path(url).open("rb") as file:
                return Aged(file.read(), time.time() - os.fstat(file.fileno()).st_mtime)
        except FileNotFoundError:
            return None
    from email.utils import parsedate_to_datetime

    with _passing_over(url, *_NOT_THERE):
        answer = _s3().get_object(**_place(url))
        date = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        age = (now - answer["LastModified"]).total_seconds() - 1  # both are cut to whole seconds
        return Aged(bytes(answer["Body"].read()), age, answer["ETag"])
    return None


def exists(url: str) -> bool:
    return look(url) is not None if _is_s3(url) else Path(url).is_file()


def delete(url: str) -> None:
    if not _is_s3(url):
        Path(url).unlink(missing_ok=True)
        return
    with _passing_over(url):
        _s3().delete_object(**_place(url))


def list_under(url: str) -> list[str]:
    """Every object below a folder, sorted by name."""
    if _is_s3(url):
        return sorted(name for name, _ in _listed(url))
    files = (path for path in Path(url).rglob("*") if path.is_file())
    return sorted(str(path) for path in files if not path.name.startswith(_SCRATCH))


def names_in(url: str) -> list[str]:
    """The files and folders that lie directly in a folder."""
    if not _is_s3(url):
        return sorted(each.name for each in Path(url).iterdir()) if Path(url).is_dir() else []
    bucket, folder = _place(f"{url}/").values()
    with _passing_over(url):
        pages = [
            *_s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder, Delimiter="/")
        ]
    files = [each["Key"] for page in pages for each in page.get("Contents", [])]
    folders = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", [])]
    return sorted({key.removeprefix(folder).rstrip("/") for key in (*files, *folders)} - {""})


@dataclass(frozen=True)
class Found:
    """An object as a listing tells of it; `modified` in seconds since 1970.

    `stamp` changes with the content: the ETag in S3, on a disk the times of the last change of the content and of
    anything about the file (which `cp -p` and `rsync -t` cannot set), and its inode.
    """

    url: str
    modified: float
    size: int
    stamp: str


def look_under(url: str) -> list[Found]:
    """Every object below a folder, the oldest first."""
    if _is_s3(url):
        found = [
            Found(name, each["LastModified"].timestamp(), each["Size"], each["ETag"].strip('"'))
            for name, each in _listed(url)
        ]
    else:  # one may have gone since it was listed
        found = [each for name in list_under(url) if (each := look(name)) is not None]
    return sorted(found, key=lambda each: (each.modified, each.url))


def look(url: str) -> Found | None:
    """One object as a listing would tell of it."""
    if not _is_s3(url):
        try:
            stat = Path(url).stat()
        except FileNotFoundError:
            return None
        stamp = f"{stat.st_mtime_ns}-{stat.st_ctime_ns}-{stat.st_ino}"
        return Found(url, stat.st_mtime, stat.st_size, stamp)
    with _passing_over(url, *_NOT_THERE):
        head = _s3().head_object(**_place(url))
        return Found(url, head["LastModified"].timestamp(), head["ContentLength"], head["ETag"].strip('"'))
    return None


def read(found: Found) -> bytes | None:
    """The body of an object as it was found; None where it has changed or gone since."""
    there = look_at(found.url)
    if there is None:
        return None
    is_same = there.tag.strip('"') == found.stamp if _is_s3(found.url) else look(found.url) == found
    return there.body if is_same else None


def copy(found: Found, to: str) -> bool:
    """Copies an object as it was found; False where it has changed or gone since."""
    if _is_s3(found.url):
        with _passing_over(found.url, *_CONDITION_FAILED):
            same = {"CopySourceIfMatch": f'"{found.stamp}"'}
            _s3().copy(_place(found.url), **_place(to), ExtraArgs=same)
            return True
        return False
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


def move(url: str, to: str) -> None:
    """Over what lies there. In S3 it is for a moment in both places."""
    if not _is_s3(url):
        Path(to).parent.mkdir(parents=True, exist_ok=True)
        Path(url).replace(to)
        return
    with _passing_over(url):
        _s3().copy(_place(url), **_place(to))
    delete(url)


def delete_under(url: str) -> None:
    """A folder and all that is in it."""
    if not _is_s3(url):
        shutil.rmtree(url, ignore_errors=True)
        return
    for name in list_under(url):
        delete(name)


def put_json(url: str, value: Any) -> None:
    put(url, json.dumps(value, default=str, separators=(",", ":")).encode())


def get_json(url: str) -> Any:
    body = get(url)
    return None if body is None else json.loads(body)


def all_json(url: str) -> Iterator[Any]:
    names = (name for name in list_under(url) if name.endswith(".json"))
    return (value for name in names if (value := get_json(name)) is not None)


def _is_s3(url: str) -> bool:
    return url.startswith(("s3://", "s3a://"))


@cache
def _s3() -> Any:
    import boto3  # here and not above: most commands on a local lake take less time than this import

    return boto3.client("s3")


def _place(url: str) -> dict[str, str]:
    """Where an object lies, as requests to S3 name it."""
    parts = urlsplit(url)
    return {"Bucket": parts.netloc, "Key": parts.path.lstrip("/")}


@contextmanager
def _passing_over(url: str, *codes: str) -> Iterator[list[str]]:
    """Passes over what S3 refuses with one of these codes, and gives back the code. Any other refusal carries the place
    as a note: AWS' own words seldom do."""
    refusals: list[str] = []
    try:
        yield refusals
    except Exception as error:
        from botocore.exceptions import ClientError  # an import that is worth its time only now

        code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
        if code not in codes:
            error.add_note(url)
            raise
        refusals.append(code)


def _listed(url: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each object below a folder of S3, and what the listing tells of it."""
    bucket, folder = _place(url).values()
    within = f"{folder.rstrip('/')}/" if folder else ""
    with _passing_over(url):
        for page in _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=within):
            for item in page.get("Contents", []):
                yield f"s3a://{bucket}/{item['Key']}", item


def _put_in_s3_if(url: str, body: bytes, **condition: str) -> bool:
    """Whether it lies there now. When an answer is lost, boto3 asks again and is refused for what it stored itself."""
    for _ in range(_CONFLICTS):
        with _passing_over(url, *_CONDITION_FAILED) as refusals:
            _s3().put_object(**_place(url), Body=body, **condition)
            return True
        if not set(refusals) & set(_CONFLICT):
            break
        time.sleep(_CONFLICT_PAUSE)  # another request, which may have failed: S3 wants to be asked again
    return get(url) == body


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
    handle, name = tempfile.mkstemp(prefix=_SCRATCH, dir=path.parent)
    with os.fdopen(handle, "wb") as scratch:
        scratch.write(body)
    return Path(name)
