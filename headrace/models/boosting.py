"""The main model of failures: gradient boosting by LightGBM, calibrated on machines that each model has not seen.

Machines are split into folds. For each fold, models are trained on the machines of the others: one of remaining life
(squared error), two of its quantiles, one of a failure within each horizon. What they say of the held-out machines
gives the margin of the intervals (conformalised quantile regression) and the calibration of the probabilities. A
prediction is the mean of all folds' models, so every machine has its part in it.

Censored rows: of a machine that has not failed yet, remaining life up to the cap is known where it was watched for
that long, and is else not known. Unknown rows are left out, and known ones weigh by the inverse probability of being
known (`Labels.weights`), else short lives, which are known sooner, would count too much.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from headrace.errors import UsageError
from headrace.models.drift import bins_of
from headrace.models.labels import Labels, group_folds
from headrace.models.predictor import (
    HIGH,
    LOW,
    REMAINING,
    Predictor,
    interval,
    part_of,
    probability,
    within,
)

Array = np.ndarray[Any, np.dtype[Any]]
FEWEST_MACHINES = 20
"""With fewer in a part of the predicted life, its margin is that of all."""
PARAMETERS = {
    "learning_rate": 0.03,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
}


@dataclass(frozen=True)
class Recipe:
    """How a model is trained. Equal recipes and rows give equal models, to the last bit, on the same machine."""

    folds: int = 5
    repeats: int = 1
    """How often machines are split into folds anew; each adds models, which are slower and a little better."""
    rounds: int = 300
    coverage: float = 0.9
    parts: int = 4
    """Of the predicted life, each with a margin of its own."""
    seed: int = 0
    threads: int = 2
    """How many models are trained side by side; it changes no result."""
    parameters: Mapping[str, Any] = field(default_factory=lambda: PARAMETERS)


def fit(
    features: pd.DataFrame,
    labels: Labels,
    groups: Array,
    horizons: Sequence[float],
    cap: float,
    recipe: Recipe = Recipe(),
) -> Predictor:
    """groups: the machine of each row. cap: remaining life beyond it is not told apart."""
    groups = np.asarray(groups)
    targets = _targets(labels, sorted(horizons), cap, recipe.coverage)
    _refuse_what_cannot_be_learned(features, targets, groups, recipe)
    held_out = {name: np.zeros(len(features)) for name in targets}
    texts: dict[str, list[str]] = {name: [] for name in targets}
    for name, rows, text, said in _models(features, targets, groups, recipe):
        texts[name].append(text)
        held_out[name][rows] += said / recipe.repeats
    weights = 1.0 / pd.Series(groups).groupby(groups).transform("size").to_numpy(float)
    return Predictor(
        features=tuple(features.columns),
        cap=float(cap),
        horizons=tuple(float(each) for each in sorted(horizons)),
        texts={name: tuple(each) for name, each in texts.items()},
        margins=_margins(held_out, targets[REMAINING], weights, groups, cap, recipe),
        calibration={
            name: _calibrated(held_out[name], targets[name], weights)
            for name in targets
            if name not in (REMAINING, LOW, HIGH)
        },
        bins=bins_of(features),
        about={"rows": len(features), "groups": len(pd.unique(groups)), "recipe": asdict(recipe)},
    )


@dataclass(frozen=True)
class _Target:
    """What one kind of model learns: NaN where it is not known, with weights and LightGBM's objective."""

    values: Array
    weights: Array
    objective: dict[str, Any]


def _targets(labels: Labels, horizons: Sequence[float], cap: float, coverage: float) -> dict[str, _Target]:
    tail = (1 - coverage) / 2
    remaining = _Target(labels.capped(cap), labels.weights(cap), {"objective": "regression"})
    found = {REMAINING: remaining}
    for name, alpha in ((LOW, tail), (HIGH, 1 - tail)):
        found[name] = replace(remaining, objective={"objective": "quantile", "alpha": alpha})
    for each in horizons:
        found[within(each)] = _Target(labels.within(each), labels.weights(each), {"objective": "binary"})
    return found


def _refuse_what_cannot_be_learned(
    features: pd.DataFrame, targets: dict[str, _Target], groups: Array, recipe: Recipe
) -> None:
    if len(pd.unique(groups)) < recipe.folds:
        raise UsageError(
            f"{len(pd.unique(groups))} machines cannot be split into {recipe.folds} folds; give more machines, or "
            "fewer folds"
        )
    for name, target in targets.items():
        if len(np.unique(target.values[~np.isnan(target.values)])) < 2:
            raise UsageError(
                f"nothing can be learned of {name}: all {len(features)} rows say the same, or nothing. Take "
                "histories with failures, or another horizon"
            )


def _models(
    features: pd.DataFrame, targets: dict[str, _Target], groups: Array, recipe: Recipe
) -> Iterator[tuple[str, Array, str, Array]]:
    """Of each target and fold: its name, the held-out rows, the model as text, and what it says of these rows.

    A model is trained on one thread, several of them side by side: threads of LightGBM wait for each other so often
    that a second one costs more than it brings where cores are shared.
    """
    import lightgbm  # here: it takes seconds to import

    rows = features.to_numpy(np.float32)
    names = [f"f{place}" for place in range(rows.shape[1])]  # LightGBM forbids some characters
    shared = {"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}

    def train(work: tuple[int, Array, Array, str]) -> tuple[str, Array, str, Array]:
        seed, rows_of_fold, held, name = work
        target = targets[name]
        known = rows_of_fold[~np.isnan(target.values[rows_of_fold])]
        parameters = {**recipe.parameters, **target.objective, **shared, "seed": seed}
        data = lightgbm.Dataset(
            rows[known],
            target.values[known],
            weight=target.weights[known],
            feature_name=names,
            params=parameters,
        )
        booster = lightgbm.train(parameters, data, recipe.rounds)
        is_odds = target.objective["objective"] == "binary"
        return name, held, booster.model_to_string(), booster.predict(rows[held], raw_score=is_odds)

    works = [
        (seed, rows_of_fold, held, name)
        for seed in range(recipe.seed, recipe.seed + recipe.repeats)
        for rows_of_fold, held in group_folds(groups, recipe.folds, seed)
        for name in targets
    ]
    with ThreadPoolExecutor(recipe.threads) as pool:
        yield from pool.map(train, works)


def _margins(
    held_out: dict[str, Array], target: _Target, weights: Array, groups: Array, cap: float, recipe: Recipe
) -> tuple[float, ...]:
    """What has to be added at both ends for the intervals of held-out machines to hold as often as they say.

    Each machine counts once, however many rows it has, since a new one is a new machine and not a new row.
    """
    remaining = np.clip(held_out[REMAINING], 0.0, cap)
    low, high = interval(remaining, held_out[LOW], held_out[HIGH], (0.0,), cap)
    outside = np.maximum(low - target.values, target.values - high)
    known = ~np.isnan(outside)
    part = part_of(remaining, recipe.parts, cap)

    def margin(rows: Array) -> float:
        machines = len(pd.unique(groups[rows]))
        share = min(1.0, recipe.coverage * (1 + 1 / max(machines, 1)))
        return weighted_quantile(outside[rows], (weights * target.weights)[rows], share)

    whole = margin(known)
    return tuple(
        margin(here) if len(pd.unique(groups[here := known & (part == each)])) >= FEWEST_MACHINES else whole
        for each in range(recipe.parts)
    )


def weighted_quantile(values: Array, weights: Array, share: float) -> float:
    """The least value that at least `share` of the weight does not exceed."""
    order = np.argsort(values, kind="stable")
    sums = np.cumsum(weights[order])
    place = int(np.searchsorted(sums, share * sums[-1] * (1 - 1e-12)))
    return float(values[order[min(place, len(values) - 1)]])


def _calibrated(odds: Array, target: _Target, weights: Array) -> tuple[float, float]:
    """Slope and intercept of Platt's method: two numbers that a few dozen failed machines suffice for, and that keep
    the order of the predictions, as steps of an isotonic regression would not. A slope far from 1 costs a little."""
    from scipy.optimize import minimize  # here: it takes a while to import

    known = ~np.isnan(target.values)
    share = (weights * target.weights)[known]
    share = share / share.sum()
    came, said = target.values[known], odds[known]

    def loss(line: Array) -> float:
        chance = probability(said, line[0], line[1])
        missed = came * np.log(chance) + (1 - came) * np.log(1 - chance)
        return float(-(share * missed).sum() + 1e-3 * (line[0] - 1) ** 2)

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(found[0]), float(found[1])
