"""The reference lists, as rows and as arrays."""

import csv
from functools import cache
from pathlib import Path

import numpy as np

from simulation.arrays import Array

FOLDER = Path(__file__).parents[1] / "reference"


@cache
def rows_of(name: str) -> tuple[dict[str, str], ...]:
    with (FOLDER / f"{name}.csv").open(newline="", encoding="utf-8") as file:
        return tuple(csv.DictReader(file))


@cache
def texts(name: str, column: str) -> Array:
    return np.array([row[column] for row in rows_of(name)])


@cache
def numbers(name: str, column: str) -> Array:
    """An empty field is NaN."""
    return np.array([float(row[column] or "nan") for row in rows_of(name)])
