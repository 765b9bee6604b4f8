"""Planted thefts in a made feeder: found where they are, and nowhere else."""

import numpy as np
import pytest

from domains.grid.bypass import BLOCKS_A_DAY, NEAR_ZERO, PARTIAL, Feeder, findings_of

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
    return Feeder(day, arrived - shown.sum(axis=0), shown, usual, shown < 0.1)


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
