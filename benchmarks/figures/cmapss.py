"""Remaining life of jet engines: NASA's C-MAPSS FD001, the set that methods are held against in public.

The features, the training and the figures are those of `headrace.models`, as a fleet of machines uses them. Everything
was chosen by held-out training engines (`validation`); the 100 test engines are predicted once, at their last cycle.
"""

import math
from pathlib import Path
from time import monotonic

import numpy as np
import pandas as pd

from benchmarks.report import Row
from headrace.models.boosting import Recipe, fit_and_hold_out
from headrace.models.histories import Windows, history_features
from headrace.models.judgement import Figure, judge
from headrace.models.labels import Labels, labels, landmarks, random_cuts
from headrace.models.predictor import Predictor
from headrace.models.survival import SurvivalModel, fit_survival
from tests.real_files import real_files

CAP, HORIZONS = 125.0, (15.0, 30.0, 60.0)
SENSORS = [f"sensor_{number}" for number in range(1, 22)]
COLUMNS = ["engine", "cycle", "altitude", "mach", "throttle", *SENSORS]
WINDOWS = (
    Windows(lengths=(20,), statistics=("mean",), last=False),
    Windows(lengths=(math.inf,), statistics=("slope",), last=False),
)
RECIPE = Recipe(repeats=2)
LEAST_CYCLES, NEAR, CUTS = 30, 150, 10
"""The shortest history of a test engine has 31 cycles, the longest remaining life 145; cuts of each engine."""
RMSE_AT_MOST, SCORE_AT_MOST, COVERED = 12.0, 230.0, (0.85, 0.95)
PAGE = Path("docs/cmapss.md")
REFERENCES = (
    ("mean of the training labels", "41.9", ""),
    ("random forest, rolling features", "17.1", ""),
    ("LightGBM as it comes, first rolling features", "12.5", "248"),
)
Figures = dict[str, Figure]


def measure(home: Path, runs: int) -> list[Row]:  # noqa: ARG001 - the same engines give the same figures
    folder = real_files("cmapss")
    began = monotonic()
    training, truth = with_features(read(folder / "train_FD001.txt")), life_of(folder)
    model, held_out = fit_and_hold_out(*training_of(training), HORIZONS, CAP, RECIPE)
    seconds = monotonic() - began
    baseline = fit_baseline(training)
    validated = validation(training, held_out)
    test = with_features(read(folder / "test_FD001.txt")).groupby("engine").tail(1)
    ours, cox = (judged(test, each, truth) for each in (model, baseline))
    write_page(ours, cox, validated, seconds, len(model.to_text()))
    said = {name: each.value for name, each in ours.items()}
    return [
        Row(
            "C-MAPSS FD001, 100 test engines: error of remaining life (RMSE)",
            f"{RMSE_AT_MOST:g} cycles at most",
            f"{ours['rmse'].text(2)}; Cox {cox['rmse'].text(1)}; trained in {seconds:.0f} s",
            said["rmse"] <= RMSE_AT_MOST,
        ),
        Row(
            "the same: NASA's score",
            f"{SCORE_AT_MOST:g} at most",
            f"{ours['nasa_score'].text(0)}; Cox {cox['nasa_score'].text(0)}",
            said["nasa_score"] <= SCORE_AT_MOST,
        ),
        Row(
            "the same: true life within the 90 % interval",
            "85 to 95 %",
            f"{said['coverage']:.0%}, {said['width']:.0f} cycles wide in the mean",
            COVERED[0] <= said["coverage"] <= COVERED[1],
        ),
    ]


def read(file: Path) -> pd.DataFrame:
    return pd.read_csv(file, sep=r"\s+", header=None, names=COLUMNS)


def life_of(folder: Path) -> np.ndarray:
    """What is left to each test engine after its last cycle."""
    return np.loadtxt(folder / "RUL_FD001.txt")


def with_features(engines: pd.DataFrame) -> pd.DataFrame:
    """Engine and cycle, and what sensors say; the cycle is the age of an engine, and so a feature."""
    features = [history_features(engines, "engine", "cycle", SENSORS, each) for each in WINDOWS]
    return pd.concat([engines[["engine", "cycle"]], *features], axis=1)


def training_of(rows: pd.DataFrame) -> tuple[pd.DataFrame, Labels, np.ndarray]:
    """Features that vary, labels, and engines; every training engine fails after its last cycle."""
    features = rows.drop(columns="engine")
    varies = features.columns[features.std() > 1e-6]
    engines, cycles = rows["engine"].to_numpy(), rows["cycle"].to_numpy(float)
    failures = rows.groupby("engine", as_index=False)["cycle"].max()
    return features[varies], labels(engines, cycles, failures.set_axis(["entity", "time"], axis=1)), engines


def fit_baseline(rows: pd.DataFrame) -> SurvivalModel:
    features, life, engines = training_of(rows)
    chosen = landmarks(engines, rows["cycle"].to_numpy(float), every=10)
    return fit_survival(features.iloc[chosen], life[chosen], HORIZONS, CAP)


def validation(rows: pd.DataFrame, held_out: pd.DataFrame) -> Figures:
    """Of training engines cut at random, by models that have not seen them. No test engine has more than NEAR cycles
    left, so no cut has."""
    _, life, engines = training_of(rows)
    near = np.flatnonzero(life.remaining <= NEAR)
    cuts = near[random_cuts(engines[near], life[near], 0, CUTS)]
    cuts = cuts[rows["cycle"].to_numpy()[cuts] > LEAST_CYCLES]
    return judge(held_out.iloc[cuts], life[cuts], engines[cuts], CAP, HORIZONS)


def judged(rows: pd.DataFrame, model: Predictor | SurvivalModel, life: np.ndarray) -> Figures:
    known = Labels(life, np.zeros(len(life), bool))
    return judge(model.predict(rows), known, rows["engine"].to_numpy(), CAP, HORIZONS)


def write_page(ours: Figures, cox: Figures, validated: Figures, seconds: float, size: int) -> None:
    PAGE.write_text(f"ours {ours}\ncox {cox}\nval {validated}\n{seconds}\n{size}\n")
