"""What the doctor looks at. Each check returns findings; none of them changes anything."""

import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Literal

import psutil

from headrace.lake.jars import jar_sets, java_program, resolved
from headrace.settings import Settings

PORTS = {4200: "Prefect's server", 9092: "a Kafka broker"}
KEY_PACKAGES = (
    "pyspark",
    "delta-spark",
    "dbldatagen",
    "soda-core-spark-df",
    "prefect",
    "duckdb",
    "deltalake",
)
LOCK = Path(__file__).parents[1] / "requirements.lock"
LEAST_DISK, GOOD_DISK = 2e9, 10e9
GOOD_MEMORY = 4e9


@dataclass(frozen=True)
class Finding:
    what: str
    state: Literal["ok", "warning", "problem"]
    found: str
    remedy: str = ""


def examine(settings: Settings) -> list[Finding]:
    checks = (_python, _java, _jars, _versions, _disk, _memory, _ports, _credentials)
    return [finding for check in checks for finding in check(settings)]


def mend(settings: Settings) -> None:
    for jars in jar_sets(settings):
        resolved(jars)


def _python(_: Settings) -> Iterator[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info < (3, 14)
    yield Finding(
        "Python", "ok" if fits else "problem", version, "" if fits else "make setup PYTHON=python3.11"
    )


def _java(_: Settings) -> Iterator[Finding]:
    version = java_version()
    if version in (17, 21):
        yield Finding("Java", "ok", str(version))
    else:
        remedy = "sudo apt-get install openjdk-17-jre-headless, or set JAVA_HOME to a Java 17 or 21"
        yield Finding("Java", "problem", f"{version or 'none'}; Spark needs 17 or 21", remedy)


def java_version() -> int | None:
    java = java_program()
    if java is None:
        return None
    try:
        said = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=30).stderr
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r' version "(\d+)', said)
    return int(found[1]) if found else None


def _jars(settings: Settings) -> Iterator[Finding]:
    for jars in jar_sets(settings):
        where = _short(jars.folder)
        if jars.is_there:
            yield Finding("Spark's jars", "ok", f"{len(list(jars.folder.glob('*.jar')))} in {where}")
        else:
            yield Finding("Spark's jars", "problem", f"missing or old in {where}", "headrace doctor --fix")


def _versions(_: Settings) -> Iterator[Finding]:
    wanted = pinned(LOCK)
    differing = [
        f"{name} {_installed(name)} (pinned {wanted[name]})"
        for name in KEY_PACKAGES
        if name in wanted and _installed(name) != wanted[name]
    ]
    if not wanted:
        yield Finding("versions", "warning", "requirements.lock is not beside the code", "compare by hand")
    elif differing:
        yield Finding("versions", "problem", ", ".join(differing), "make setup")
    else:
        yield Finding("versions", "ok", ", ".join(f"{name} {wanted[name]}" for name in KEY_PACKAGES[:5]))


def pinned(lock: Path) -> dict[str, str]:
    """Name to version of every package in the lock."""
    if not lock.exists():
        return {}
    return dict(re.findall(r"^([a-z0-9._-]+)==([^ ;\\]+)", lock.read_text(), flags=re.MULTILINE))


def _installed(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing"


def _disk(settings: Settings) -> Iterator[Finding]:
    place = settings.home.absolute()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    state: Literal["ok", "warning", "problem"]
    state = "problem" if free < LEAST_DISK else "warning" if free < GOOD_DISK else "ok"
    remedy = "" if state == "ok" else "free some, or set HEADRACE_HOME to a folder on a larger disk"
    yield Finding("disk", state, f"{free / 1e9:.0f} GB free for {_short(settings.home)}", remedy)


def _memory(settings: Settings) -> Iterator[Finding]:
    free = psutil.virtual_memory().available
    number, unit = int(settings.memory[:-1]), settings.memory[-1]
    heap = number * (2**30 if unit == "g" else 2**20)
    found = f"{free / 1e9:.1f} GB available, Spark's heap takes {heap / 1e9:.1f}"
    if free < heap * 1.2:
        yield Finding("memory", "problem", found, f"set HEADRACE_MEMORY below {free / 1.5 / 2**20:.0f}m")
    elif free < GOOD_MEMORY:
        yield Finding("memory", "warning", found, "close what you do not need")
    else:
        yield Finding("memory", "ok", found)


def _ports(_: Settings) -> Iterator[Finding]:
    for port, owner in PORTS.items():
        with socket.socket() as probe:
            probe.settimeout(0.5)
            taken = probe.connect_ex(("127.0.0.1", port)) == 0
        if taken:
            yield Finding(
                f"port {port}", "warning", "in use", f"fine if it is {owner}; else stop what holds it"
            )
        else:
            yield Finding(f"port {port}", "ok", f"free for {owner}")


def _credentials(settings: Settings) -> Iterator[Finding]:
    from botocore.session import Session

    needed = settings.engine == "emr" or settings.lake.startswith("s3")
    session = Session()
    if not needed:  # asking a machine's own role takes seconds where there is none
        session.get_component("credential_provider").remove("iam-role")
    found = session.get_credentials()
    if found is not None:
        yield Finding("AWS credentials", "ok", f"present ({found.method})")
    elif needed:
        yield Finding("AWS credentials", "problem", "none", "aws configure, or set AWS_PROFILE")
    else:
        yield Finding("AWS credentials", "ok", "none; not needed here")


def _short(path: Path) -> str:
    try:
        return str(path.absolute().relative_to(Path.cwd()))
    except ValueError:
        return str(path)
