"""The public figure, on NASA's files: skipped, and said so, where these are not."""

from dataclasses import replace

from benchmarks.figures import cmapss
from headrace.models.boosting import fit_and_hold_out
from tests.real_files import real_files


def test_engines_of_the_test_are_predicted_as_well_as_promised():
    """By half the models of the benchmark."""
    folder = real_files("cmapss")
    training = cmapss.with_features(cmapss.read(folder / "train_FD001.txt"))
    recipe = replace(cmapss.RECIPE, repeats=1)
    model, held_out = fit_and_hold_out(*cmapss.training_of(training), cmapss.HORIZONS, cmapss.CAP, recipe)
    test = cmapss.with_features(cmapss.read(folder / "test_FD001.txt")).groupby("engine").tail(1)
    figures = cmapss.judged(test, model, cmapss.life_of(folder))
    assert figures["rmse"].value <= cmapss.RMSE_AT_MOST
    assert figures["nasa_score"].value <= cmapss.SCORE_AT_MOST
    assert cmapss.COVERED[0] <= figures["coverage"].value <= cmapss.COVERED[1]
    assert figures["brier_within_30"].value < 0.03
    assert held_out.index.equals(cmapss.long_enough(training).index)
