"""The main model of failures: gradient boosting by LightGBM, calibrated on machines that each model has not seen.

Machines are split into folds. For each fold, models are trained on the machines of the others: one of remaining life
(squared error) and one of a failure within each horizon; then two of quantiles of what the first one missed of machines
that it had not seen. What they say of the held-out machines gives the margin of the intervals (conformalised quantile
regression) and the calibration of the probabilities. A prediction is the mean of all folds' models, so each
machine has its part in it.

Quantiles are of errors and not of remaining life: where most lives are at the cap, the upper quantile is the cap from
the beginning, and LightGBM finds no split that betters it.

Censored rows: of a machine that has not failed yet, remaining life up to the cap is known where it was watched for
that long, and is else not known. Unknown rows are left out, and known ones weigh by the inverse probability of being
known (`Labels.weights`), else short lives, which are known sooner, would count too much.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
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
    with_prediction,
    within,
)

Array = np.ndarray[Any, np.dtype[Any]]
FEWEST_MACHINES = 20
"""With fewer in a part of the predicted life, its margin is that of all."""
CONFIDENCE, DRAWS = 0.9, 200
PARAMETERS = {
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
}
FOR_QUANTILES = {"num_leaves": 7, "min_data_in_leaf": 200}
"""A tail of a twentieth takes more rows than a mean."""
LEAF_PART = 20
"""No leaf needs more than this part of the rows, so that few rows can be learned from too."""


@dataclass(frozen=True)
class Recipe:
    """How a model is trained. Equal recipes and rows give equal models, to the last bit, on the same machine."""

    folds: int = 5
    repeats: int = 1
    """How often machines are split into folds anew; each adds models, which are slower and a little better."""
    rounds: int = 150
    coverage: float = 0.9
    parts: int = 4
    """Of the predicted life, each with a margin of its own."""
    seed: int = 0
    threads: int = 2
    """How many models are trained side by side; it changes no result."""
    parameters: Mapping[str, Any] = field(default_factory=lambda: PARAMETERS)
    for_quantiles: Mapping[str, Any] = field(default_factory=lambda: FOR_QUANTILES)
    """What differs for models of quantiles."""


def fit(
    features: pd.DataFrame,
    labels: Labels,
    groups: Array,
    horizons: Sequence[float],
    cap: float,
    recipe: Recipe = Recipe(),
) -> Predictor:
    """groups: the machine of each row. cap: remaining life beyond it is not told apart."""
    return fit_and_hold_out(features, labels, groups, horizons, cap, recipe)[0]


def fit_and_hold_out(
    features: pd.DataFrame,
    labels: Labels,
    groups: Array,
    horizons: Sequence[float],
    cap: float,
    recipe: Recipe = Recipe(),
) -> tuple[Predictor, pd.DataFrame]:
    """The model, and what is predicted of each row by the models that have not seen its machine: what to judge by, and
    to choose a recipe by, where no machines are left aside."""
    groups, horizons = np.asarray(groups), sorted(map(float, horizons))
    targets = _targets(labels, horizons, cap)
    _refuse_what_cannot_be_learned(len(features), targets, groups, recipe)
    rows = features.to_numpy(np.float32)
    texts, held_out = _trained(rows, targets, groups, recipe)
    errors = _errors(targets[REMAINING], held_out[REMAINING], recipe)
    more = _trained(with_prediction(rows, held_out[REMAINING]), errors, groups, recipe)
    texts, held_out = texts | more[0], held_out | more[1]
    weights = 1.0 / pd.Series(groups).groupby(groups).transform("size").to_numpy(float)
    calibration = {
        name: _calibrated(held_out[name], targets[name], weights) for name in map(within, horizons)
    }
    model = Predictor(
        features=tuple(map(str, features.columns)),
        cap=float(cap),
        horizons=tuple(horizons),
        texts=texts,
        margins=_margins(held_out, targets[REMAINING], weights, groups, cap, recipe),
        calibration=calibration,
        bins=bins_of(features),
        about={"rows": len(features), "groups": len(pd.unique(groups)), "recipe": asdict(recipe)},
    )
    return model, pd.DataFrame(model.predictions(held_out), index=features.index)


@dataclass(frozen=True)
class _Target:
    """What one kind of model learns: NaN where it is not known; weights; LightGBM's objective and other parameters."""

    values: Array
    weights: Array
    parameters: Mapping[str, Any]


def _targets(labels: Labels, horizons: Sequence[float], cap: float) -> dict[str, _Target]:
    found = {REMAINING: _Target(labels.capped(cap), labels.weights(cap), {"objective": "regression"})}
    for each in horizons:
        found[within(each)] = _Target(labels.within(each), labels.weights(each), {"objective": "binary"})
    return found


def _errors(target: _Target, held_out: Array, recipe: Recipe) -> dict[str, _Target]:
    """What quantiles of are learned: true less predicted life of machines that it had not seen."""
    tail = (1 - recipe.coverage) / 2
    return {
        name: _Target(
            target.values - held_out,
            target.weights,
            {**recipe.for_quantiles, "objective": "quantile", "alpha": alpha},
        )
        for name, alpha in ((LOW, tail), (HIGH, 1 - tail))
    }


def _refuse_what_cannot_be_learned(
    rows: int, targets: dict[str, _Target], groups: Array, recipe: Recipe
) -> None:
    if len(pd.unique(groups)) < recipe.folds:
        raise UsageError(
            f"{len(pd.unique(groups))} machines cannot be split into {recipe.folds} folds; give more machines, or "
            "fewer folds"
        )
    for name, target in targets.items():
        if len(np.unique(target.values[~np.isnan(target.values)])) < 2:
            raise UsageError(
                f"nothing can be learned of {name}: all {rows} rows say the same, or nothing. Take histories with "
                "failures, or another horizon"
            )


def _trained(
    rows: Array, targets: dict[str, _Target], groups: Array, recipe: Recipe
) -> tuple[dict[str, tuple[str, ...]], dict[str, Array]]:
    """Of each target: the models as texts, and what they say of the rows that they have not seen, as raw scores.

    A model is trained on one thread, several of them side by side: threads of LightGBM wait for each other so often
    that a second one costs more than it brings where cores are shared.
    """
    import lightgbm  # here: it takes seconds to import

    names = [f"f{place}" for place in range(rows.shape[1])]  # LightGBM forbids some characters
    shared = {"verbosity": -1, "deterministic": True, "force_row_wise": True, "num_threads": 1}

    def train(work: tuple[int, Array, Array, str]) -> tuple[str, Array, str, Array]:
        seed, others, held, name = work
        target = targets[name]
        known = others[~np.isnan(target.values[others])]
        parameters = {**recipe.parameters, **target.parameters, **shared, "seed": seed}
        parameters["min_data_in_leaf"] = max(
            1, min(int(parameters["min_data_in_leaf"]), len(known) // LEAF_PART)
        )
        data = lightgbm.Dataset(
            rows[known],
            target.values[known],
            weight=target.weights[known],
            feature_name=names,
            params=parameters,
        )
        booster = lightgbm.train(parameters, data, recipe.rounds)
        return name, held, booster.model_to_string(), booster.predict(rows[held], raw_score=True)

    works = [
        (seed, others, held, name)
        for seed in range(recipe.seed, recipe.seed + recipe.repeats)
        for others, held in group_folds(groups, recipe.folds, seed)
        for name in targets
    ]
    texts: dict[str, tuple[str, ...]] = dict.fromkeys(targets, ())
    held_out = {name: np.zeros(len(rows)) for name in targets}
    with ThreadPoolExecutor(recipe.threads) as pool:
        for name, held, text, predicted in pool.map(train, works):
            texts[name] += (text,)
            held_out[name][held] += predicted / recipe.repeats
    return texts, held_out


def _margins(
    held_out: dict[str, Array], target: _Target, weights: Array, groups: Array, cap: float, recipe: Recipe
) -> tuple[float, ...]:
    """What has to be added at both ends for the intervals of held-out machines to hold as often as they say.

    Each machine counts once, however many rows it has, since a new one is a new machine and not a new row. A margin
    from few machines is itself uncertain: of the margins of machines drawn anew, the one is taken that suffices in
    CONFIDENCE of the draws, so that intervals hold for most fleets and not for a mean of fleets.
    """
    remaining = np.clip(held_out[REMAINING], 0.0, cap)
    low, high = (held_out[REMAINING] + held_out[name] for name in (LOW, HIGH))
    low, high = interval(remaining, low, high, (0.0,), cap)
    outside = np.maximum(low - target.values, target.values - high)
    known = ~np.isnan(outside)
    part = part_of(remaining, recipe.parts, cap)

    def margin(rows: Array) -> float:
        codes, names = pd.factorize(groups[rows])
        share = min(1.0, recipe.coverage * (1 + 1 / max(len(names), 1)))
        return safe_quantile(outside[rows], (weights * target.weights)[rows], codes, share, recipe.seed)

    whole = margin(known)
    return tuple(
        margin(here) if len(pd.unique(groups[here := known & (part == each)])) >= FEWEST_MACHINES else whole
        for each in range(recipe.parts)
    )


def safe_quantile(values: Array, weights: Array, codes: Array, share: float, seed: int) -> float:
    """The quantile of weighted values that suffices in CONFIDENCE of the draws of machines; codes: 0, 1 and so on."""
    order = np.argsort(values, kind="stable")
    values, weights, codes = values[order], weights[order], codes[order]
    random, count = np.random.default_rng(seed), int(codes.max()) + 1
    draws = random.multinomial(count, np.full(count, 1 / count), DRAWS)
    found = [_quantile(values, weights * draw[codes], share) for draw in draws]
    return float(np.quantile(found, CONFIDENCE))


def _quantile(ascending: Array, weights: Array, share: float) -> float:
    """The least value that at least `share` of the weight does not exceed."""
    sums = np.cumsum(weights)
    place = int(np.searchsorted(sums, share * sums[-1] * (1 - 1e-12)))
    return float(ascending[min(place, len(ascending) - 1)])


def _calibrated(odds: Array, target: _Target, weights: Array) -> tuple[float, float]:
    """Slope and intercept of Platt's method: two numbers that a few dozen failed machines suffice for, and that keep
    the order of the predictions, as steps of an isotonic regression would not. A slope far from 1 costs a little."""
    from scipy.optimize import minimize  # here: it takes a while to import

    known = ~np.isnan(target.values)
    share = (weights * target.weights)[known]
    share = share / share.sum()
    came, known_odds = target.values[known], odds[known]

    def loss(line: Array) -> float:
        chance = probability(known_odds, line[0], line[1])
        missed = came * np.log(chance) + (1 - came) * np.log(1 - chance)
        return float(-(share * missed).sum() + 1e-3 * (line[0] - 1) ** 2)

    found = minimize(loss, np.array([1.0, 0.0]), method="Nelder-Mead").x
    return float(found[0]), float(found[1])
