"""A trained model of failures: what it predicts, why, and how it is kept as one text.

Predictions are a frame with a row for each row of features: `remaining` life, `low` and `high` of its interval, and
`within_24` and so on: the probability of a failure within each horizon. Lengths are in the unit of time of training.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from headrace.errors import UnknownName, UsageError

Array = np.ndarray[Any, np.dtype[Any]]
FORMAT = 1
REMAINING, LOW, HIGH = "remaining", "low", "high"
LEAST_PROBABILITY = 1e-6


def within(horizon: float) -> str:
    """The column of predictions that tells of a failure within the horizon."""
    return f"within_{horizon:g}"


@dataclass(frozen=True)
class Predictor:
    """Means of LightGBM models, a few for each of `remaining`, `low`, `high` and the horizons. Those of `low` and
    `high` say how far the ends of the interval are from the prediction.

    margins: by how much intervals are widened (narrowed, where negative), in equal parts of predicted life from 0 to
    `cap`. calibration: slope and intercept for the log-odds of each horizon. bins: edges and shares of each feature in
    training, that drift is measured against.
    """

    features: tuple[str, ...]
    cap: float
    horizons: tuple[float, ...]
    texts: dict[str, tuple[str, ...]] = field(repr=False)
    margins: tuple[float, ...]
    calibration: dict[str, tuple[float, float]]
    bins: dict[str, tuple[list[float], list[float]]] = field(repr=False)
    about: dict[str, Any] = field(default_factory=dict)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        rows = self._numbers(features)
        raw = {name: self._mean(name, rows) for name in (REMAINING, *map(within, self.horizons))}
        rows = with_prediction(rows, raw[REMAINING])
        raw |= {name: self._mean(name, rows) for name in (LOW, HIGH)}
        return pd.DataFrame(self.predictions(raw), index=features.index)

    def predictions(self, raw: dict[str, Array]) -> dict[str, Array]:
        """The columns of predictions, from what the models say: a life, two distances from it, and log-odds."""
        remaining = np.clip(raw[REMAINING], 0.0, self.cap)
        low, high = (raw[REMAINING] + raw[name] for name in (LOW, HIGH))
        low, high = interval(remaining, low, high, self.margins, self.cap)
        made = {REMAINING: remaining, LOW: low, HIGH: high}
        before = np.zeros(len(remaining))
        for name in map(within, self.horizons):
            before = np.maximum(before, probability(raw[name], *self.calibration[name]))
            made[name] = before  # a longer horizon is never less likely than a shorter one
        return made

    def reasons(self, features: pd.DataFrame, count: int = 3, of: str = REMAINING) -> pd.DataFrame:
        """The features that moved each prediction the most, the strongest first: columns `row` (its index), `rank`,
        `feature`, `value`, `contribution`, which is in units of time for `remaining` and in log-odds for a horizon.

        Contributions are Shapley values of the trees; with those of all features and the mean of training they add up
        to the prediction before it is clipped or calibrated.
        """
        if of not in (known := (REMAINING, *map(within, self.horizons))):
            raise UnknownName("prediction with reasons", of, known)
        rows = self._numbers(features)
        shares = np.mean([each.predict(rows, pred_contrib=True) for each in self._boosters[of]], axis=0)
        shares = shares[:, :-1]  # the last column is the mean
        count = min(count, len(self.features))
        order = np.argsort(-np.abs(shares), axis=1, kind="stable")[:, :count]
        return pd.DataFrame(
            {
                "row": np.repeat(features.index.to_numpy(), count),
                "rank": np.tile(np.arange(1, count + 1), len(rows)),
                "feature": np.asarray(self.features, object)[order].ravel(),
                "value": np.take_along_axis(rows, order, axis=1).ravel(),
                "contribution": np.take_along_axis(shares, order, axis=1).ravel(),
            }
        )

    def to_text(self) -> str:
        """JSON; `from_text` makes of it a model that predicts the same to the last bit."""
        kept = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return json.dumps({"format": FORMAT, **kept}, allow_nan=False)

    @classmethod
    def from_text(cls, text: str) -> "Predictor":
        kept = json.loads(text)
        if (found := kept.pop("format", None)) != FORMAT:
            raise UsageError(f"the model is of format {found}; this version of Headrace reads {FORMAT}")
        return cls(
            features=tuple(kept.pop("features")),
            horizons=tuple(kept.pop("horizons")),
            margins=tuple(kept.pop("margins")),
            texts={name: tuple(each) for name, each in kept.pop("texts").items()},
            calibration={name: tuple(each) for name, each in kept.pop("calibration").items()},
            bins={name: tuple(each) for name, each in kept.pop("bins").items()},
            **kept,
        )

    @cached_property
    def _boosters(self) -> dict[str, list[Any]]:
        from lightgbm import Booster  # here: it takes seconds to import

        return {name: [Booster(model_str=text) for text in texts] for name, texts in self.texts.items()}

    def _mean(self, name: str, rows: Array) -> Array:
        """Log-odds for a horizon, whose models are of one class or the other."""
        is_odds = name not in (REMAINING, LOW, HIGH)
        mean: Array = np.mean(
            [each.predict(rows, raw_score=is_odds) for each in self._boosters[name]], axis=0
        )
        return mean

    def _numbers(self, features: pd.DataFrame) -> Array:
        if missing := [name for name in self.features if name not in features]:
            raise UsageError(f"features are missing that the model was trained with: {', '.join(missing)}")
        rows: Array = features[list(self.features)].to_numpy(np.float32)
        return rows


def with_prediction(rows: Array, remaining: Array) -> Array:
    """What the models of quantiles take: the features, and the life that is predicted."""
    return np.column_stack([rows, remaining.astype(np.float32)])


def interval(
    remaining: Array, low: Array, high: Array, margins: Sequence[float], cap: float
) -> tuple[Array, Array]:
    """Both ends with the margin of the part in which the prediction lies; the prediction itself is never outside."""
    margin = np.asarray(margins)[part_of(remaining, len(margins), cap)]
    low, high = np.clip(low - margin, 0.0, cap), np.clip(high + margin, 0.0, cap)
    return np.minimum(low, remaining), np.maximum(high, remaining)


def part_of(remaining: Array, parts: int, cap: float) -> Array:
    part: Array = np.clip(np.floor(remaining / cap * parts), 0, parts - 1).astype(np.int64)
    return part


def probability(odds: Array, slope: float, intercept: float) -> Array:
    with np.errstate(over="ignore"):
        share: Array = 1.0 / (1.0 + np.exp(-(slope * odds + intercept)))
    return np.clip(share, LEAST_PROBABILITY, 1 - LEAST_PROBABILITY)
