"""What a cluster runs: some jobs, or the standing job. Words: what it is, its settings, and where the result goes.

Uploaded by itself and run beside the unpacked archives `code` and `needs`, so nothing of ours is imported before they
are on the path. Where nobody has unpacked them, the words say where they lie. Each word is a JSON object; together they
are one.
"""

import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

LINES_TOLD = 40
UNPACKED = ("code", "needs")


def main(words: Sequence[str]) -> None:
    asked: dict[str, Any] = {}
    for word in words:
        asked |= json.loads(word)
    os.environ.update(asked["settings"])
    archives = [_fetched(url) for url in asked.get("archives", ())]
    folders = [_unpacked(archive) for archive in archives] or [Path(name).absolute() for name in UNPACKED]
    sys.path[:0] = map(str, folders)
    try:
        if "DATABRICKS_RUNTIME_VERSION" in os.environ:
            _share(archives, folders)
        done = {"done": _done(asked)}
    except BaseException as error:
        _tell(asked, _account_of(error))
        raise
    _tell(asked, done)


def _fetched(url: str) -> Path:
    """From S3, into a folder of this machine and its user; what lies in a volume is a file already."""
    if not url.startswith(("s3://", "s3a://")):
        return Path(url)
    bucket, _, key = url.partition("://")[2].partition("/")
    file = _kept() / Path(key).name
    if not file.exists():
        import boto3

        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            part = Path(scratch, file.name)
            boto3.client("s3").download_file(bucket, key, str(part))
            part.rename(file)
    return file


def _unpacked(archive: Path) -> Path:
    """Named by what is in it, so it is unpacked once on a machine; it appears whole or not at all."""
    folder = _kept() / _stem(archive)
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            whole = Path(scratch, "whole")
            trusted = {} if archive.suffix == ".zip" else {"filter": "data"}
            shutil.unpack_archive(archive, whole, **trusted)  # type: ignore[arg-type]
            with suppress(OSError):  # another run was faster
                whole.rename(folder)
    return folder


def _kept() -> Path:
    home = Path(tempfile.gettempdir(), f"headrace-{os.getuid()}")
    home.mkdir(mode=0o700, exist_ok=True)
    return home


def _stem(archive: Path) -> str:
    return archive.name.partition(".")[0]


def _share(archives: Sequence[Path], folders: Sequence[Path]) -> None:
    """With Python beside Spark's executors: on this machine it finds the folders, on others Spark unpacks archives."""
    from pyspark import SparkContext

    context: Any = SparkContext.getOrCreate()
    if context.master.startswith("local["):
        context._python_includes += map(str, folders)
        return
    for archive in archives:
        context.addArchive(f"{archive}#{_stem(archive)}")
        context._python_includes.append(_stem(archive))


def _done(asked: dict[str, Any]) -> Any:
    from headrace.engines.job import Job
    from headrace.engines.local import STANDING, run_job
    from headrace.settings import get_settings

    if asked["kind"] == "standing":
        return {"beat": import_module(STANDING).stand(asked["domain"], get_settings()).state}
    return [run_job(Job(**each), get_settings()).as_dict() for each in asked["jobs"]]


def _account_of(error: BaseException) -> dict[str, Any]:
    """On a cluster nobody stands and waits, so what somebody else holds is tried again as well."""
    from headrace.errors import Busy
    from headrace.trouble import may_pass

    return {
        "error": _said(error),
        "exit_code": getattr(error, "exit_code", 1),
        "may_pass": isinstance(error, Busy) or may_pass(error),
        "trace": _trace(),
    }


def _said(error: BaseException) -> str:
    from headrace.trouble import cause_to_act_on

    return str(cause_to_act_on(error) or error) or type(error).__name__


def _trace() -> str:
    return "\n".join(traceback.format_exc().splitlines()[-LINES_TOLD:])


def _tell(asked: dict[str, Any], what: dict[str, Any]) -> None:
    from headrace.lake import objects

    objects.put_json(asked["result"], what)


if __name__ == "__main__":
    main(sys.argv[1:])  # without sys.exit: Databricks takes an exit of any kind for a failure
