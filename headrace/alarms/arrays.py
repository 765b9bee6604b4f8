"""Arrays with one place a sender (or a group), which grow as others appear, and medians of many sets at once."""

from collections.abc import Mapping

import numpy as np


class Arrays:
    """Each array by its name, with the value (and type) that a new place begins with.

    An array with several values a place is told by a tuple: the value and how many.
    """

    def __init__(self, **begins: np.generic | tuple[np.generic, int]) -> None:
        self._begins = begins
        self._arrays = {name: self._new(name, 0) for name in begins}

    def __getitem__(self, name: str) -> np.ndarray:
        return self._arrays[name]

    def fit(self, count: int) -> None:
        """Makes room for so many."""
        for name, array in self._arrays.items():
            if len(array) < count:
                self._arrays[name] = np.concatenate([array, self._new(name, count - len(array))])

    def state(self) -> dict[str, np.ndarray]:
        return dict(self._arrays)

    def restore(self, state: Mapping[str, np.ndarray]) -> None:
        self._arrays = {name: np.array(state[name]) for name in self._begins}

    def _new(self, name: str, count: int) -> np.ndarray:
        begins = self._begins[name]
        value, shape = (begins[0], (count, begins[1])) if isinstance(begins, tuple) else (begins, (count,))
        return np.full(shape, value, dtype=value.dtype)


def medians_of(keys: np.ndarray, values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """For each place the median of all values with its key, and how many they are."""
    order = np.lexsort((values, keys))
    ranked = values[order]
    starts = np.flatnonzero(np.diff(keys[order], prepend=keys[order[:1]] - 1))
    sizes = np.diff(starts, append=len(keys))
    middle = (ranked[starts + (sizes - 1) // 2] + ranked[starts + sizes // 2]) / 2
    medians, counts = np.empty_like(values), np.empty(len(keys), np.int64)
    medians[order], counts[order] = np.repeat(middle, sizes), np.repeat(sizes, sizes)
    return medians, counts
