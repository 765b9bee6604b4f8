"""Planted thefts in a made feeder: found where they are, and nowhere else."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import lsq_linear

from domains.grid.bypass import BLOCKS_A_DAY, NEAR_ZERO, PARTIAL, Feeder, findings_of
from domains.grid.gold.meter_suspects import BALANCED, thefts_of

DAYS = 28
SURE = 5.0


def feeder(meters=3, seed=1, part=None, begins=0, silent=None, vacant=None, share_error=0.0, days=DAYS):
    """Half a dozen kW a meter with a daily cycle; `part`: meter -> share of its load that passes it by."""
    draws = np.random.default_rng(seed)
    block = np.arange(days * BLOCKS_A_DAY)
    day, time = block // BLOCKS_A_DAY, block % BLOCKS_A_DAY
    size = draws.uniform(2, 8, meters)[:, None]
    shape = 1 + 0.5 * np.sin(2 * np.pi * (time + draws.integers(0, 8, (meters, 1))) / BLOCKS_A_DAY)
    usual = size * shape
    real = usual * np.exp(draws.normal(0, 0.15, (meters, len(block))))
    shown = real.copy()
    for meter, share in (part or {}).items():
        shown[meter] = np.where(day >= begins, real[meter] * (1 - share), real[meter])
    for meter in silent or ():
        shown[meter] = 0.02
    for meter in vacant or ():
        real[meter] = shown[meter] = 0.02
    wander = 0.03 * np.repeat(draws.normal(0, 1, days), BLOCKS_A_DAY)
    arrived = real.sum(axis=0) * (1 + wander + share_error)
    return Feeder(day, arrived - shown.sum(axis=0), shown, usual, shown < 0.1, np.zeros(shown.shape, bool))


def sure(found):
    return {(each.meter, each.kind): each for each in found if each.strength >= SURE}


@pytest.mark.parametrize("seed", range(12))
def test_an_honest_feeder_has_no_suspects(seed):
    assert not sure(findings_of(feeder(seed=seed, share_error=0.03)))


@pytest.mark.parametrize("seed", range(8))
def test_a_partial_bypass_is_laid_to_its_meter(seed):
    found = sure(findings_of(feeder(seed=seed, part={1: 0.6})))
    assert set(found) == {(1, PARTIAL)}
    assert found[1, PARTIAL].share == pytest.approx(0.6, abs=0.12)


@pytest.mark.parametrize("seed", range(8))
def test_a_bypass_is_dated(seed):
    found = sure(findings_of(feeder(seed=seed, part={0: 0.7}, begins=12)))
    assert set(found) == {(0, PARTIAL)}
    assert abs(found[0, PARTIAL].first_day - 12) <= 2


@pytest.mark.parametrize("seed", range(8))
def test_a_silent_meter_is_a_thief_only_where_energy_is_missing(seed):
    found = sure(findings_of(feeder(seed=seed, silent=[2], vacant=[0])))
    assert set(found) == {(2, NEAR_ZERO)}
    assert found[2, NEAR_ZERO].share > 0.8


def test_too_few_days_say_nothing():
    assert findings_of(feeder(part={1: 0.9}, days=3)) == []


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize(
    "planted", [{}, {"part": {1: 0.6}}, {"part": {1: 0.6}, "silent": [4]}, {"silent": [0, 5]}]
)
def test_another_solver_lays_the_missing_load_to_the_same_meters(seed, planted):
    """Among all meters, not the likeliest alone, and with the signed errors of weeks; nothing begins later here."""
    of_street = feeder(meters=11, seed=seed, share_error=0.02, **planted)
    found = {(each.meter, each.kind) for each in findings_of(of_street) if each.first_day == 0}
    assert found == laid_by_bounded_least_squares(of_street)


def laid_by_bounded_least_squares(of_street):
    shown, load = of_street.shown, of_street.shown.sum(axis=0)
    noise = 0.03 * np.maximum(load + np.maximum(of_street.unexplained, 0), 0.05 * load.max() + 0.01)
    noise = np.hypot(noise, 0.2 * (of_street.usual * of_street.silent).sum(axis=0))
    week = of_street.day // 7
    weeks = np.stack([np.where(week == each, load, 0) for each in np.unique(week)], axis=1) / noise[:, None]
    held = np.eye(weeks.shape[1]) * np.sqrt(BLOCKS_A_DAY) / 0.04
    goal = np.r_[of_street.unexplained / noise, np.zeros(len(held))]
    suspects = [
        (meter, NEAR_ZERO, of_street.usual[meter])
        if of_street.silent[meter].all()
        else (meter, PARTIAL, shown[meter])
        for meter in range(len(shown))
    ]

    most, price = {NEAR_ZERO: 1.6, PARTIAL: 9}, {NEAR_ZERO: 4, PARTIAL: 16}

    def solved(chosen):
        own = (
            np.stack([suspects[each][2] / noise for each in chosen], axis=1)
            if chosen
            else np.empty((len(noise), 0))
        )
        matrix = np.block([[own, weeks], [np.zeros((len(held), len(chosen))), held]])
        free = np.full(weeks.shape[1], np.inf)
        highest = [most[suspects[each][1]] for each in chosen]
        fit = lsq_linear(matrix, goal, (np.r_[np.zeros(len(chosen)), -free], np.r_[highest, free]), tol=1e-12)
        return 2 * fit.cost, (matrix @ fit.x - goal)[: len(noise)]

    error, left = solved(range(len(suspects)))
    along = np.clip(left[1:] @ left[:-1] / (left @ left), 0, 0.9)
    spread = max(1, error / len(left)) * (1 + along) / (1 - along)
    best = min(
        (solved(chosen)[0] / spread + sum(price[suspects[each][1]] for each in chosen), chosen)
        for size in range(4)
        for chosen in combinations(range(len(suspects)), size)
    )
    return {suspects[each][:2] for each in best[1]}


def street(customer_of=lambda meter, _: f"C{meter}", heard=lambda *_: True, blocks=42 * BLOCKS_A_DAY):
    """A thief among six meters, M3, silent from the 20th day on: the rows of the meters and of the transformer."""
    draws, begin = np.random.default_rng(1), 20_250 * BLOCKS_A_DAY
    rows, total = [], np.zeros(blocks)
    for meter in range(6):
        usual = 1.5 + 0.3 * meter
        used = (
            usual
            * (1 + 0.5 * np.sin(2 * np.pi * np.arange(blocks) / BLOCKS_A_DAY))
            * draws.normal(1, 0.08, blocks)
        )
        total += used
        shown = np.where((meter == 3) & (np.arange(blocks) >= 20 * BLOCKS_A_DAY), 0.01, used)
        rows += [
            ("T", f"M{meter}", customer_of(meter, at), begin + at, shown[at], float(shown[at] < 0.05), usual)
            for at in range(blocks)
            if heard(meter, at)
        ]
    names = ["transformer_id", "meter_id", "customer_id", "block", "shown_kw", "silent_share", "usual_kw"]
    feeder = {
        "transformer_id": "T",
        "block": begin + np.arange(blocks),
        "arrived_kw": total / 0.8,
        "metered_share": 0.8,
    }
    return pd.DataFrame(rows, columns=names), pd.DataFrame(feeder)


def suspects(rows):
    found = thefts_of(*rows)
    return {
        (each.meter_id, each.customer_id): each.strength
        for each in found.itertuples()
        if each.kind != BALANCED
    }


def test_a_neighbour_who_moves_hides_no_thief():
    found = suspects(
        street(customer_of=lambda meter, at: "NEW" if (meter, at >= 168) == (5, True) else f"C{meter}")
    )
    assert set(found) == {("M3", "C3")}
    assert found["M3", "C3"] > 20


def test_a_meter_that_is_no_longer_heard_hides_no_thief():
    found = suspects(street(heard=lambda meter, at: meter != 5 or at < 3 * BLOCKS_A_DAY))
    assert set(found) == {("M3", "C3")}
    assert found["M3", "C3"] > 15


def test_where_hardly_any_meter_is_heard_nothing_is_said_and_no_balance_is_claimed():
    assert thefts_of(*street(heard=lambda _, at: at < 2 * BLOCKS_A_DAY)).empty
