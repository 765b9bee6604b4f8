"""What a cluster runs: some jobs, or the standing job. Its words together are one JSON object, which says what to do,
with which settings, and where the result goes. It is uploaded by itself, so nothing of ours is imported before the
archives `code` and `needs` are on the path: EMR Serverless unpacks them beside it, or the words say where they lie."""

import json
import os
import shutil
import sys
import tarfile
import tempfile
import traceback
from collections.abc import Sequence
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

LOG_LINES = 40
UNPACKED = ("code", "needs")
BEGUN_AGAIN, HOME = "HEADRACE_BEGUN_AGAIN", "HEADRACE_HOME"


def main(words: Sequence[str]) -> None:
    asked: dict[str, Any] = {}
    for word in words:
        asked |= json.loads(word)
    os.environ.update(asked["settings"])
    archives = [] if BEGUN_AGAIN in os.environ else [_fetched(url) for url in asked.get("archives", ())]
    folders = [_unpacked(archive) for archive in archives] or [Path(name).absolute() for name in UNPACKED]
    if archives and not _is_databricks():
        _begin_again(folders)
    if BEGUN_AGAIN not in os.environ:
        sys.path[:0] = map(str, folders)
    try:
        if _is_databricks():
            _share(archives, folders)
        with tempfile.TemporaryDirectory(prefix="headrace-home-", ignore_cleanup_errors=True) as scratch:
            if not Path(asked["settings"].get(HOME, "")).is_absolute():  # whatever folder it was started in
                os.environ[HOME] = scratch
            done = {"done": _done(asked)}
    except BaseException as error:
        _put_result(asked, _failure(error))
        raise
    _put_result(asked, done)


def _is_databricks() -> bool:
    return "DATABRICKS_RUNTIME_VERSION" in os.environ


def _begin_again(folders: Sequence[Path]) -> None:
    """As the same process with the archives on its path from the start: what was imported to fetch them may have
    brought packages of the machine that are in them as well."""
    path = os.pathsep.join([*map(str, folders), os.environ.get("PYTHONPATH", "")])
    sys.stdout.flush()
    sys.stderr.flush()
    environment = {**os.environ, "PYTHONPATH": path, BEGUN_AGAIN: "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def _fetched(url: str) -> Path:
    """From S3, into a folder of this machine and its user; what lies in a volume is a file already."""
    if not url.startswith(("s3://", "s3a://")):
        return Path(url)
    file = _cache() / Path(url).name
    if not file.exists():
        with tempfile.TemporaryDirectory(dir=file.parent) as scratch:
            part = Path(scratch, file.name)
            if _is_databricks():
                import boto3

                bucket, _, key = url.partition("://")[2].partition("/")
                boto3.client("s3").download_file(bucket, key, str(part))
            else:
                _fetch_by_spark(url, part)
            part.rename(file)
    return file


def _fetch_by_spark(url: str, file: Path) -> None:
    """By the client that Spark reads tables with; its Python need not have one of its own."""
    from pyspark import SparkContext

    SparkContext._ensure_initialized()
    java: Any = SparkContext._jvm
    place, here = (java.org.apache.hadoop.fs.Path(str(each)) for each in (url, file))
    settings = java.org.apache.spark.deploy.SparkHadoopUtil.get().conf()
    place.getFileSystem(settings).copyToLocalFile(False, place, here, True)


def _unpacked(archive: Path) -> Path:
    """Named by what is in it, so it is unpacked once on a machine; it appears whole or not at all."""
    folder = _cache() / _stem(archive)
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            whole = Path(scratch, "whole")
            has_filters = hasattr(tarfile, "data_filter")  # Python 3.11.2, as Debian 12 has it, knows none
            checked = {"filter": "data"} if has_filters and archive.suffix != ".zip" else {}
            shutil.unpack_archive(archive, whole, **checked)  # type: ignore[arg-type]
            with suppress(OSError):  # another run was faster
                whole.rename(folder)
    return folder


def _cache() -> Path:
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
    from headrace.engines import Job
    from headrace.engines.local import STANDING, run_job
    from headrace.settings import get_settings

    if asked["kind"] == "standing":
        return {"beat": import_module(STANDING).stand(asked["domain"], get_settings()).state}
    return [run_job(Job(**each), get_settings()).as_dict() for each in asked["jobs"]]


def _failure(error: BaseException) -> dict[str, Any]:
    """On a cluster nobody stands and waits, so what somebody else holds is tried again as well."""
    from headrace.errors import Busy, cause_to_act_on, may_pass

    return {
        "error": str(cause_to_act_on(error) or error) or type(error).__name__,
        "exit_code": getattr(error, "exit_code", 1),
        "may_pass": isinstance(error, Busy) or may_pass(error),
        "waits_for": getattr(error, "waits_for", ""),
        "trace": "\n".join(traceback.format_exc().splitlines()[-LOG_LINES:]),
    }


def _put_result(asked: dict[str, Any], document: dict[str, Any]) -> None:
    from headrace.lake import objects

    objects.put_json(asked["result"], document)


if __name__ == "__main__":
    main(sys.argv[1:])  # without sys.exit: Databricks takes an exit of any kind for a failure
