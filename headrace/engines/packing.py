"""The code as a cluster gets it: what lies here, packed once a version and named by what is in it.

Our code, the packages of the lock file for the Python of the engine's clusters, and Spark's jars for Delta and Kafka
where a cluster lacks them. Each is uploaded where it is not there already; `stamp` says which belong together.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from headrace.aws_errors import refused
from headrace.engines.package import PYTHON, Package
from headrace.errors import HeadraceError
from headrace.lake import objects
from headrace.lake.jars import ALWAYS, TO_SIGN, resolved
from headrace.progress import Event, Stopwatch, tell
from headrace.settings import Settings

ROOT = Path(__file__).parents[2]
FOLDERS = ("headrace", "simulation", "domains", "soda", "streaming")
ENTRY = ROOT / "headrace" / "engines" / "on_cluster.py"
LEFT_TO_THE_CLUSTER = ("pyspark", "py4j")
STANDS_STILL = (2020, 1, 1, 0, 0, 0)  # the same files give the same archive
PLATFORM = "x86_64-manylinux_2_28"


def packed(settings: Settings) -> Package:
    """Builds what is missing and uploads it; what is there is left alone."""
    store, engine = f"{settings.artifacts}/code", "databricks" if settings.engine == "databricks" else "emr"
    with tempfile.TemporaryDirectory(prefix="headrace-package-") as scratch:
        code = _zipped(Path(scratch) / "code.zip")
        return Package(
            entry=_uploaded(ENTRY, f"{store}/{_named('run', ENTRY, '.py')}"),
            code=_uploaded(code, f"{store}/{_named('code', code, '.zip')}"),
            needs=_needs(store, Path(scratch), PYTHON[engine]),
            jars=tuple(_uploaded(jar, f"{store}/jars/{jar.name}") for jar in _jars(engine)),
            engine=engine,
        )


def _zipped(into: Path) -> Path:
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in _files():
            entry = zipfile.ZipInfo(str(file.relative_to(ROOT)), STANDS_STILL)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, file.read_bytes())
    return into


def _files() -> Iterator[Path]:
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                yield file


def _needs(store: str, scratch: Path, python: str) -> str:
    """The packages, named by all that decides which they are: they are built when any of it has changed."""
    lock = ROOT / "requirements.lock"
    decides = (PLATFORM, python, *_asked_for(), *LEFT_TO_THE_CLUSTER)
    url = f"{store}/needs-{_digest([lock.read_bytes(), *(each.encode() for each in decides)])}.tar.gz"
    if _is_there(url):
        return url
    watch = Stopwatch()
    tell(Event("package", "packages", "started"))
    folder = scratch / "needs"
    _install(lock, folder, python)
    archive = scratch / "needs.tar.gz"
    with tarfile.open(archive, "w:gz", compresslevel=3) as packed_up:
        packed_up.add(folder, arcname=".")
    _upload(archive, url)
    tell(Event("package", "packages", "done", seconds=watch.seconds))
    return url


def _install(lock: Path, folder: Path, python: str) -> None:
    """What the lock file pins and the project asks for, for the cluster's machines, whatever machine this is."""
    asked = _asked_for()
    never = folder.with_name("never.txt")
    never.write_text("".join(f"{name} ; sys_platform == 'never'\n" for name in LEFT_TO_THE_CLUSTER))
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if uv is None:
        raise HeadraceError("uv is missing, which packs the packages; run make setup")
    ran = subprocess.run(
        [
            *(uv, "pip", "install", "--target", str(folder), "--only-binary", ":all:", "--no-compile"),
            *("--python-platform", PLATFORM, "--python-version", python),
            *("--constraint", str(lock), "--override", str(never), *asked),
        ],
        capture_output=True,
        text=True,
    )
    if ran.returncode:
        raise HeadraceError(
            "the packages for the cluster could not be had:\n" + "\n".join(ran.stderr.splitlines()[-12:])
        )


NOT_ON_A_CLUSTER = ("prefect", "fastapi", "typer", "rich", "databricks-sdk", *LEFT_TO_THE_CLUSTER)


def _asked_for() -> list[str]:
    """The names of the project's own needs, without what only the command line and the worker use."""
    import tomllib

    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    names = ["".join(_until_version(each)) for each in wanted]
    return [name for name in names if not name.startswith(NOT_ON_A_CLUSTER)]


def _until_version(need: str) -> Iterator[str]:
    for letter in need:
        if letter in "=<>~! ;":
            return
        yield letter


def _jars(engine: str) -> list[Path]:
    """Databricks has them in its runtime."""
    if engine == "databricks":
        return []
    found = [resolved(jars) for jars in (ALWAYS, TO_SIGN)]
    return sorted({jar.name: jar for folder in found for jar in folder.glob("*.jar")}.values())


def _named(kind: str, file: Path, suffix: str) -> str:
    return f"{kind}-{_digest([file.read_bytes()])}{suffix}"


def _digest(parts: Iterable[bytes]) -> str:
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()[:12]


def _uploaded(file: Path, url: str) -> str:
    if not _is_there(url):
        _upload(file, url)
    return url


def _is_there(url: str) -> bool:
    with refused(url, "HEADRACE_ARTIFACTS_URL"):
        return objects.exists(url)


def _upload(file: Path, url: str) -> None:
    with refused(url, "HEADRACE_ARTIFACTS_URL"):
        objects.put_file(url, file)
