"""Medians of the members of many sets at once."""

import numpy as np


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
