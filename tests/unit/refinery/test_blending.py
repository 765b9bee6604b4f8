"""The linear programme against cases solved by hand, against other solvers, and its plans mixed again."""

from itertools import combinations, product

import numpy as np
import pytest

from domains.refinery.blending import (
    Blend,
    Limits,
    Tanks,
    best_blend,
    mixed_api_gravity,
    mixed_sulfur_pct,
)

WIDE = {"api_min": 0.0, "api_max": 90.0, "sulfur_max_pct": 10.0}


def tanks(**columns: list[float]) -> Tanks:
    return Tanks(**{name: np.array(values, dtype=float) for name, values in columns.items()})


# Sweet crude that earns 2 a barrel and sour that earns 8. Both weigh the same here: sulphur mixes by volume.
SWEET_AND_SOUR = tanks(barrels=[100, 100], margin=[2, 8], api_gravity=[30, 30], sulfur_pct=[0.5, 3.0])


def blend(stock: Tanks, charge: float = 100, **limits: float) -> Blend:
    return best_blend(stock, Limits(charge=charge, **{**WIDE, **limits}))


def test_without_limits_the_tank_that_earns_most_is_drawn():
    assert blend(SWEET_AND_SOUR).barrels == pytest.approx([0, 100])


def test_what_is_not_in_stock_is_not_taken():
    assert blend(SWEET_AND_SOUR, charge=150).barrels == pytest.approx([50, 100])


def test_sulphur_limits_the_sour_tank():
    """0.5 x + 3.0 (100 - x) <= 1.0 * 100 gives x >= 80."""
    found = blend(SWEET_AND_SOUR, sulfur_max_pct=1.0)
    assert found.barrels == pytest.approx([80, 20])
    assert found.binding == ("sulphur too high",)


def test_gravity_mixes_by_density_and_not_by_degrees():
    """Of 20 and 40 degrees (0.9340 and 0.8251) the middle density 0.8762 is 30 degrees: 46.9 parts heavy."""
    stock = tanks(barrels=[100, 100], margin=[9, 5], api_gravity=[20, 40], sulfur_pct=[1, 1])
    assert blend(stock, api_min=30.0).barrels == pytest.approx([46.9, 53.1], abs=0.1)


def test_sulphur_mixes_by_weight():
    """The heavy crude weighs more, so less of it carries the sulphur: 0.9340 h * 2 = 0.8251 (100 - h) * 1."""
    stock = tanks(barrels=[100, 100], margin=[9, 5], api_gravity=[20, 40], sulfur_pct=[3, 0])
    assert blend(stock, sulfur_max_pct=1.0).barrels == pytest.approx([30.64, 69.36], abs=0.01)


def test_too_small_a_stock_is_the_reason():
    assert blend(SWEET_AND_SOUR, charge=300).why_not == "stock is 100 barrels short of a day's charge"


def test_a_limit_that_no_blend_keeps_is_the_reason():
    assert blend(SWEET_AND_SOUR, sulfur_max_pct=0.4).why_not == (
        "even its sweetest blend has more than 0.40 % sulphur"
    )


def test_limits_that_exclude_each_other_are_the_reason():
    stock = tanks(barrels=[100, 100], margin=[9, 5], api_gravity=[20, 40], sulfur_pct=[0.5, 3.0])
    assert blend(stock, sulfur_max_pct=1.0, api_min=38.0).why_not == (
        "no blend keeps its limits of gravity and sulphur at once"
    )


def test_an_empty_stock_is_short_of_everything():
    assert "100 barrels short" in str(
        blend(tanks(barrels=[], margin=[], api_gravity=[], sulfur_pct=[])).why_not
    )


def drawn_at_random(seed: int) -> tuple[Tanks, Limits]:
    """Two to five tanks of crudes from Maya to condensate, a charge, and limits that about half of all blends keep."""
    rng = np.random.default_rng(seed)
    count = rng.integers(2, 6)
    stock = Tanks(
        barrels=rng.uniform(20, 100, count),
        margin=rng.uniform(-5, 15, count),
        api_gravity=rng.uniform(20, 50, count),
        sulfur_pct=rng.uniform(0.1, 3.3, count),
    )
    middle = rng.uniform(28, 40)
    return stock, Limits(rng.uniform(30, 110), middle - 4, middle + 4, rng.uniform(0.8, 2.2))


def best_corner(stock: Tanks, limits: Limits) -> float | None:
    """The best margin over all corners of what is allowed: each is where as many bounds hold as there are tanks.
    No solver but a linear system for each choice of bounds."""
    count = len(stock.barrels)
    rows = [*limits.rows(stock).values(), *np.eye(count), *-np.eye(count)]
    sides = [0.0] * 3 + list(stock.barrels) + [0.0] * count
    tight, best = (np.array(rows), np.array(sides)), None
    for chosen in combinations(range(len(sides)), count - 1):
        system = np.vstack([np.ones(count), tight[0][list(chosen)]])
        if abs(np.linalg.det(system)) < 1e-9:
            continue
        corner = np.linalg.solve(system, np.r_[limits.charge, tight[1][list(chosen)]])
        if (tight[0] @ corner <= tight[1] + 1e-7).all():
            found = float(stock.margin @ corner)
            best = found if best is None else max(best, found)
    return best


@pytest.mark.parametrize("seed", range(60))
def test_no_corner_of_what_is_allowed_earns_more_than_the_plan(seed):
    stock, limits = drawn_at_random(seed)
    found, corner = best_blend(stock, limits), best_corner(stock, limits)
    assert (found.why_not is None) == (corner is not None)
    if corner is not None:
        assert stock.margin @ found.barrels == pytest.approx(corner, abs=1e-6)


@pytest.mark.parametrize(("seed", "method"), list(product(range(20), ("highs-ds", "highs-ipm"))))
def test_another_method_of_solving_earns_the_same(seed, method):
    stock, limits = drawn_at_random(seed)
    one, other = best_blend(stock, limits), best_blend(stock, limits, method)
    assert one.why_not == other.why_not
    assert stock.margin @ one.barrels == pytest.approx(stock.margin @ other.barrels, abs=1e-5)


@pytest.mark.parametrize("seed", range(60))
def test_what_the_plan_draws_has_the_quality_that_was_asked_for(seed):
    """Weighed and mixed again, barrel by barrel."""
    stock, limits = drawn_at_random(seed)
    found = best_blend(stock, limits)
    if found.why_not:
        return
    kilos = found.barrels * 141.5 / (stock.api_gravity + 131.5)
    api = 141.5 / (kilos.sum() / found.barrels.sum()) - 131.5
    sulfur = (kilos * stock.sulfur_pct).sum() / kilos.sum()
    assert found.barrels.sum() == pytest.approx(limits.charge)
    assert (found.barrels <= stock.barrels + 1e-6).all()
    assert limits.api_min - 1e-6 <= api <= limits.api_max + 1e-6
    assert sulfur <= limits.sulfur_max_pct + 1e-6
    assert (mixed_api_gravity(found.barrels, stock.api_gravity), sulfur) == (
        pytest.approx(api),
        pytest.approx(mixed_sulfur_pct(found.barrels, stock.api_gravity, stock.sulfur_pct)),
    )
