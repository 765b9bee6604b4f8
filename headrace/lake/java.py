"""Which Java is started, and how for short work."""

import os
import shutil
from pathlib import Path

COMPILES_LITTLE = "-XX:TieredStopAtLevel=1"
"""For a minute's work in a fresh Java: compiling well would take more than it saves."""


def java_program() -> Path | None:
    if home := os.environ.get("JAVA_HOME"):
        return Path(home, "bin", "java")
    found = shutil.which("java")
    return Path(found) if found else None
