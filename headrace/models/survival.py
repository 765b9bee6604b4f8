"""A baseline that the main model is held against: Cox's proportional hazards, ridge-penalised, by scikit-survival.

It predicts the same columns. Once fitted it is a few numbers, so it needs NumPy alone to predict, and one text to keep.
Rows of one entity are alike: fit it on `landmarks`, which also keeps it quick.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from headrace.errors import UsageError
from headrace.models.labels import Labels
from headrace.models.predictor import HIGH, LOW, REMAINING, within

Array = np.ndarray[Any, np.dtype[Any]]
TAIL = 0.01
"""Features are straight lines to Cox, and an outlier a certain failure: they end at these quantiles of training."""


@dataclass(frozen=True)
class SurvivalModel:
    """least, most, mean, scale: of each feature in training. hazard: the cumulative hazard of the mean row at each of
    `times`."""

    features: tuple[str, ...]
    cap: float
    horizons: tuple[float, ...]
    least: tuple[float, ...]
    most: tuple[float, ...]
    mean: tuple[float, ...]
    scale: tuple[float, ...]
    coefficients: tuple[float, ...]
    times: tuple[float, ...]
    hazard: tuple[float, ...]
    coverage: float = 0.9

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Median remaining life, the interval between quantiles, and probabilities within the horizons."""
        bounds = (np.asarray(each) for each in (self.least, self.most, self.mean, self.scale))
        rows = _standard(features[list(self.features)].to_numpy(np.float64), *bounds)
        risk = np.exp(rows @ np.asarray(self.coefficients))
        tail = (1 - self.coverage) / 2
        quantiles = {LOW: 1 - tail, REMAINING: 0.5, HIGH: tail}
        made = {name: self._time_of(share, risk) for name, share in quantiles.items()}
        hazard = np.append(0.0, self.hazard)
        for horizon in self.horizons:
            until = hazard[np.searchsorted(self.times, horizon, side="right")]
            made[within(horizon)] = 1 - np.exp(-until * risk)
        return pd.DataFrame(made, index=features.index)[[REMAINING, LOW, HIGH, *map(within, self.horizons)]]

    def _time_of(self, share: float, risk: Array) -> Array:
        """When that share is left; the cap where the hazard never comes that far."""
        place = np.searchsorted(self.hazard, -np.log(share) / risk, side="left")
        found: Array = np.minimum(np.append(self.times, np.inf)[place], self.cap)
        return found

    def to_text(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_text(cls, text: str) -> "SurvivalModel":
        kept = json.loads(text)
        cap, coverage = kept.pop("cap"), kept.pop("coverage")
        return cls(cap=cap, coverage=coverage, **{name: tuple(values) for name, values in kept.items()})


def fit_survival(
    features: pd.DataFrame,
    labels: Labels,
    horizons: Sequence[float],
    cap: float,
    penalty: float = 1.0,
    coverage: float = 0.9,
) -> SurvivalModel:
    from sksurv.linear_model import CoxPHSurvivalAnalysis  # here: it takes a while to import

    if labels.is_censored.all():
        raise UsageError("no row comes before a failure, so nothing can be learned of survival")
    values = features.to_numpy(np.float64)
    least, most = np.nan_to_num(np.nanquantile(values, [TAIL, 1 - TAIL], axis=0))
    clipped = np.clip(values, least, most)
    mean, scale = np.nan_to_num(np.nanmean(clipped, axis=0)), np.nan_to_num(np.nanstd(clipped, axis=0))
    scale = np.where(scale > 0, scale, 1.0)
    rows = _standard(values, least, most, mean, scale)
    events = np.empty(len(rows), dtype=[("failed", bool), ("time", float)])
    events["failed"], events["time"] = ~labels.is_censored, labels.remaining
    with np.errstate(over="ignore"):  # a step that goes too far is halved until it does not
        cox = CoxPHSurvivalAnalysis(alpha=penalty, ties="efron").fit(rows, events)
    return SurvivalModel(
        features=tuple(map(str, features.columns)),
        cap=float(cap),
        horizons=tuple(sorted(map(float, horizons))),
        least=tuple(least.tolist()),
        most=tuple(most.tolist()),
        mean=tuple(mean.tolist()),
        scale=tuple(scale.tolist()),
        coefficients=tuple(cox.coef_.tolist()),
        times=tuple(cox.cum_baseline_hazard_.x.tolist()),
        hazard=tuple(cox.cum_baseline_hazard_.y.tolist()),
        coverage=coverage,
    )


def _standard(values: Array, least: Array, most: Array, mean: Array, scale: Array) -> Array:
    """In deviations from the mean of training, which stands for what is missing."""
    rows: Array = np.nan_to_num((np.clip(values, least, most) - mean) / scale)
    return rows
