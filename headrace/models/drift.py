"""Drift: how far the features that come now lie from those that a model was trained with."""

from typing import Any

import numpy as np
import pandas as pd

from headrace.errors import UsageError

Array = np.ndarray[Any, np.dtype[Any]]
Bins = dict[str, tuple[list[float], list[float]]]
BINS, LEAST_SHARE = 10, 1e-4
WATCH, DRIFTED = 0.1, 0.25
"""The usual bounds of the index: below the first nothing changed, above the second the model should be looked at."""


def bins_of(features: pd.DataFrame) -> Bins:
    """Edges at the deciles of each feature, and the share of rows between them; the last share is of missing values."""
    found = {}
    for name in features:
        values = features[name].to_numpy(np.float64)
        known = values[~np.isnan(values)]
        edges = (
            np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known) else np.empty(0)
        )
        found[str(name)] = (edges.tolist(), _shares(values, edges).tolist())
    return found


def population_stability(bins: Bins, features: pd.DataFrame) -> pd.Series:
    """The population stability index of each feature against `bins` (those of a model: `Predictor.bins`), the largest
    first."""
    if missing := [name for name in bins if name not in features]:
        raise UsageError(f"features are missing that drift is measured of: {', '.join(missing)}")
    index = {}
    for name, (edges, before) in bins.items():
        now = _shares(features[name].to_numpy(np.float64), np.asarray(edges))
        then, now = (np.maximum(each, LEAST_SHARE) for each in (np.asarray(before), now))
        index[name] = float(((now - then) * np.log(now / then)).sum())
    return pd.Series(index, name="psi", dtype=float).sort_values(ascending=False, kind="stable")


def _shares(values: Array, edges: Array) -> Array:
    is_missing = np.isnan(values)
    place = np.where(is_missing, len(edges) + 1, np.searchsorted(edges, values, side="left"))
    shares: Array = np.bincount(place, minlength=len(edges) + 2) / max(1, len(values))
    return shares
