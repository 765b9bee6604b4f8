"""Small objects beside the tables: on a disk or in S3, under one handful of verbs.

`put_new` is the one that matters: it either creates the object whole or says that it was there.
"""

import json
import os
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.exceptions import ClientError


def put(url: str, body: bytes) -> None:
    if _is_s3(url):
        bucket, key = _split(url)
        _s3().put_object(Bucket=bucket, Key=key, Body=body)
        return
    scratch = _written_beside(Path(url), body)
    scratch.replace(url)


def put_new(url: str, body: bytes) -> bool:
    if _is_s3(url):
        return _put_s3_if(url, body, IfNoneMatch="*") is not None
    scratch = _written_beside(Path(url), body)
    try:
        os.link(scratch, url)
    except FileExistsError:
        return False
    finally:
        scratch.unlink()
    return True


def get(url: str) -> bytes | None:
    if _is_s3(url):
        bucket, key = _split(url)
        try:
            return bytes(_s3().get_object(Bucket=bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["Error"]["Code"] in ("NoSuchKey", "404"):
                return None
            raise
    try:
        return Path(url).read_bytes()
    except FileNotFoundError:
        return None


def delete(url: str) -> None:
    if _is_s3(url):
        bucket, key = _split(url)
        _s3().delete_object(Bucket=bucket, Key=key)
        return
    Path(url).unlink(missing_ok=True)


def list_under(url: str) -> list[str]:
    """Every object below a folder, sorted by name."""
    if _is_s3(url):
        bucket, prefix = _split(url)
        pages = (
            _s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix.rstrip("/") + "/")
        )
        return sorted(f"s3a://{bucket}/{item['Key']}" for page in pages for item in page.get("Contents", []))
    return sorted(str(path) for path in Path(url).rglob("*") if path.is_file() and not _is_scratch(path))


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


@cache
def _s3() -> Any:
    return boto3.client("s3")


def _put_s3_if(url: str, body: bytes, **condition: str) -> str | None:
    """The new object's tag, or None where the condition did not hold."""
    bucket, key = _split(url)
    try:
        return str(_s3().put_object(Bucket=bucket, Key=key, Body=body, **condition)["ETag"])
    except ClientError as error:
        if error.response["Error"]["Code"] in ("PreconditionFailed", "ConditionalRequestConflict", "412"):
            return None
        raise


def _written_beside(path: Path, body: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".writing-", dir=path.parent)
    with os.fdopen(handle, "wb") as scratch:
        scratch.write(body)
    return Path(name)


def _is_scratch(path: Path) -> bool:
    return path.name.startswith(".writing-")
