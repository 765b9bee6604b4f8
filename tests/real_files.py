"""Files that nobody here made. They are not part of this repository: HEADRACE_REAL names the folder that has them, by
default `shared/real` in a folder above."""

import os
from pathlib import Path

import pytest

ABOVE = tuple(folder / "shared" / "real" for folder in Path(__file__).parents)


def place_of(name: str) -> Path:
    """One of its folders, which need not be there."""
    found = next((each for each in ABOVE if each.is_dir()), "shared/real")
    return Path(os.environ.get("HEADRACE_REAL") or found) / name


def real_files(name: str) -> Path:
    """One of its folders; a test that wants what is not there is skipped and says so."""
    place = place_of(name)
    if not place.is_dir():
        pytest.skip(f"left out: {place} is not there; set HEADRACE_REAL to the folder of real files")
    return place
