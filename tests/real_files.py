"""Files that nobody here made. They are not part of this repository: HEADRACE_REAL names the folder that has them, by
default `shared/real` in a folder above."""

import os
from pathlib import Path

import pytest

ABOVE = (folder / "shared" / "real" for folder in Path(__file__).parents)


def real_files(name: str) -> Path:
    """One of its folders; a test that wants what is not there is skipped and says so."""
    home = Path(
        os.environ.get("HEADRACE_REAL") or next((each for each in ABOVE if each.is_dir()), "shared/real")
    )
    if not (home / name).is_dir():
        pytest.skip(f"left out: {home / name} is not there; set HEADRACE_REAL to the folder of real files")
    return home / name
