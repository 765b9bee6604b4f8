"""What was measured on: the machine, the versions, and the code."""

import hashlib
import os
import platform
from importlib.metadata import version
from pathlib import Path

import psutil

PACKAGES = ("pyspark", "delta-spark", "prefect", "soda-core-spark-df", "duckdb", "deltalake", "pyarrow")
MEASURED = ("headrace", "domains", "soda", "flows", "tasks", "cli", "streaming")


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    return f"{os.cpu_count()} cores, {memory:.0f} GiB of memory, {platform.system()} {platform.machine()}"


def versions() -> str:
    found = [f"{name} {version(name)}" for name in PACKAGES]
    return ", ".join([f"Python {platform.python_version()}", *found])


def fingerprint() -> str:
    """Changes when the code that is measured does."""
    kinds = ("*.py", "*.yml", "*.sql", "*.csv")
    files = sorted(
        file for folder in MEASURED for kind in kinds for file in Path(folder).rglob(kind) if file.is_file()
    )
    text = hashlib.sha256()
    for file in files:
        text.update(file.read_bytes())
    return text.hexdigest()[:12]
