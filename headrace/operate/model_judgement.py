"""A model of failures beside honest baselines, all asked about machines that none of them learned from.

The baselines: Cox's proportional hazards over the same features; the limits of signals that raise alarms without a
model; and always the same answer, the median of what was learned.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd

from headrace.models.declared import Declared
from headrace.models.drift import population_stability
from headrace.models.judgement import (
    Alarms,
    Figure,
    Statistic,
    difference,
    figure,
    judge,
    judge_alarms,
    mean_of,
    median_figure,
)
from headrace.models.labels import Labels
from headrace.models.lives import Lives
from headrace.models.predictor import HIGH, LOW, REMAINING, Predictor, within
from headrace.models.survival import fit_survival

Array = np.ndarray[Any, np.dtype[Any]]
MODEL, COX, LIMITS, MEDIAN = "model", "survival", "limits", "median"
ALL_LIMITS = "all limits"
"""The alarms of limits, however many they are."""
ALARM_HORIZON = 168.0
"""An alarm is right if a failure follows within so many hours, and the machine raises no other meanwhile."""
HEARD_HOURS = 2.0
"""How long after it was confirmed an alarm of a limit still counts as raised now."""
DRIFT_HOURS = 168.0


@dataclass(frozen=True)
class Judged:
    """figures: of each predictor by name. alarms: of each at the budget. by_kind: of the model, for each kind of
    failure. bins: of the probability within each horizon, what was said and what came."""

    machines: int
    rows: int
    failures: int
    days: float
    budget: float
    figures: dict[str, dict[str, Figure]]
    alarms: dict[str, Alarms]
    by_kind: dict[str, dict[str, float]]
    bins: dict[str, list[tuple[float, float, int]]]

    def as_dict(self) -> dict[str, Any]:
        told = asdict(self)
        for each in told["alarms"].values():
            each["raised"] = len(each.pop("places"))
        return told


def judged(
    predictor: Predictor, learned: Lives, asked: Lives, alarms: pd.DataFrame, until: float, declared: Declared
) -> Judged:
    """learned: what the model learned from, for the baselines. asked: rows of other machines. until: hours since 1970
    that are known. Alarms are judged that were watched for the horizon; of later ones nobody knows what became."""
    model, labels = declared.model, asked.labels
    predictions = dict(_predictions(predictor, learned, asked, declared))
    figures = {
        name: judge(each, labels, asked.machine, model.cap, model.horizons) | _near(each, asked)
        for name, each in predictions.items()
    }
    watched = np.flatnonzero(asked.hours <= until - ALARM_HORIZON)
    days = float(np.ptp(asked.hours[watched])) / 24 if len(watched) else 0.0
    chances = {
        name: each[within(ALARM_HORIZON)].to_numpy() for name, each in predictions.items() if name != MEDIAN
    }
    chances[LIMITS] = heard(asked, alarms)
    allowed = dict.fromkeys(chances, model.budget * days)
    chances[ALL_LIMITS], allowed[ALL_LIMITS] = chances[LIMITS], np.inf
    at_budget = {
        name: judge_alarms(
            *(asked.machine[watched], asked.hours[watched], chance[watched], labels[watched]),
            *(ALARM_HORIZON, allowed[name], ALARM_HORIZON),
        )
        for name, chance in chances.items()
    }
    return Judged(
        machines=len(np.unique(asked.machine)),
        rows=len(asked),
        failures=asked.failures,
        days=days,
        budget=model.budget,
        figures=figures,
        alarms=at_budget,
        by_kind=dict(_by_kind(predictions[MODEL], asked, watched[at_budget[MODEL].places])),
        bins={
            within(each): _bins(
                predictions[MODEL][within(each)].to_numpy(), labels.within(each), labels.weights(each)
            )
            for each in model.horizons
        },
    )


def _predictions(
    predictor: Predictor, learned: Lives, asked: Lives, declared: Declared
) -> Iterator[tuple[str, pd.DataFrame]]:
    model = declared.model
    yield MODEL, predictor.predict(asked.features)
    cox = fit_survival(learned.features, learned.labels, model.horizons, model.cap)
    yield COX, cox.predict(asked.features)
    known, weights = learned.labels.capped(model.cap), learned.labels.weights(model.cap)
    seen = weights > 0
    low, middle, high = np.quantile(
        known[seen], (0.05, 0.5, 0.95), weights=weights[seen], method="inverted_cdf"
    )
    same: dict[str, float] = {REMAINING: middle, LOW: low, HIGH: high}
    for each in model.horizons:
        came, weights = np.nan_to_num(learned.labels.within(each)), learned.labels.weights(each)
        same[within(each)] = float(np.average(came, weights=weights))
    yield MEDIAN, pd.DataFrame(same, index=asked.features.index)


def brier(predictor: Predictor, asked: Lives, horizons: tuple[float, ...]) -> Statistic:
    """The mean Brier score over the horizons: what models are compared by; less is better."""
    predictions = predictor.predict(asked.features)
    scores = [(predictions[within(each)].to_numpy() - asked.labels.within(each)) ** 2 for each in horizons]
    known = ~np.isnan(scores).any(axis=0)
    weights = asked.labels.weights(max(horizons))
    return mean_of(np.where(known, np.mean(np.nan_to_num(scores), axis=0), np.nan), weights)


def against(challenger: Predictor, champion: Predictor, asked: Lives, horizons: tuple[float, ...]) -> Figure:
    """Challenger less champion."""
    first, second = (brier(each, asked, horizons) for each in (challenger, champion))
    return difference(asked.machine, first, second)


def heard(asked: Lives, alarms: pd.DataFrame) -> Array:
    """For each row, how bad the worst alarm is that was confirmed in the last hours; NaN where none was."""
    found = np.full(len(asked), np.nan)
    by_machine = dict(iter(alarms.sort_values("hours").groupby("entity")))
    for name, places in pd.Series(np.arange(len(asked))).groupby(asked.machine).indices.items():
        own = by_machine.get(name)
        if own is None:
            continue
        at, severity = own["hours"].to_numpy(), own["severity"].to_numpy(float)
        hours = asked.hours[places]
        for begin, bad in zip(at, severity, strict=True):
            first, after = np.searchsorted(hours, (begin, begin + HEARD_HOURS), side="left")
            found[places[first:after]] = np.fmax(found[places[first:after]], bad)
    return found


def _near(predictions: pd.DataFrame, asked: Lives) -> dict[str, Figure]:
    """Of rows before a failure within the longest horizon, where an error of hours matters."""
    near = _is_near(asked.labels)
    off = np.where(near, np.abs(predictions[REMAINING].to_numpy() - asked.labels.remaining), np.nan)
    truth = asked.labels.remaining
    holds = np.where(
        near, (predictions[LOW].to_numpy() <= truth) & (truth <= predictions[HIGH].to_numpy()), np.nan
    )
    return {
        "mae_near": figure(asked.machine, mean_of(off)),
        "median_error_near": median_figure(asked.machine, off),
        "coverage_near": figure(asked.machine, mean_of(holds)),
    }


def _is_near(labels: Labels) -> Array:
    near: Array = ~labels.is_censored & (labels.remaining <= ALARM_HORIZON)
    return near


def _by_kind(
    predictions: pd.DataFrame, asked: Lives, places: Array
) -> Iterator[tuple[str, dict[str, float]]]:
    is_alarm = np.zeros(len(asked), bool)
    is_alarm[places] = True
    off = np.abs(predictions[REMAINING].to_numpy() - asked.labels.remaining)
    rows = pd.DataFrame(
        {
            "kind": asked.ends_as,
            "life": asked.life,
            "off": off,
            "lead": np.where(is_alarm, asked.labels.remaining, np.nan),
        }
    )[_is_near(asked.labels)]
    for kind, part in rows.groupby("kind"):
        lead = part.groupby("life")["lead"].max()
        yield (
            str(kind),
            {
                "failures": len(lead),
                "found": int(lead.notna().sum()),
                "lead_hours": float(lead.median()),
                "error_hours": float(part["off"].median()),
            },
        )


def _bins(chance: Array, came: Array, weights: Array) -> list[tuple[float, float, int]]:
    """What was said, how often it came, and of how many rows, in bins that are finer where chances are small."""
    known = ~np.isnan(came)
    chance, came, weights = chance[known], came[known], weights[known]
    edges = np.array([0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8, 1.0])
    place = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, len(edges) - 2)
    return [
        (
            float(np.average(chance[place == each], weights=weights[place == each])),
            float(np.average(came[place == each], weights=weights[place == each])),
            int((place == each).sum()),
        )
        for each in range(len(edges) - 1)
        if weights[place == each].sum() > 0
    ]


def drift_now(predictor: Predictor, lives: Lives) -> dict[str, float]:
    """The stability index of each feature in the last week, the largest first."""
    last = lives.features[lives.hours > lives.hours.max() - DRIFT_HOURS]
    found = population_stability(predictor.bins, last)
    return {str(name): float(value) for name, value in found.items()}


def flat(found: Mapping[str, Mapping[str, Figure]]) -> dict[str, Figure]:
    """Figures of all predictors under one name each."""
    return {f"{who}_{name}": each for who, figures in found.items() for name, each in figures.items()}
