"""The linear programme against cases solved by hand."""

import numpy as np
import pytest

from domains.refinery.blending import Blend, Crudes, Limits, cheapest_blend

WIDE = {"api_min": 0.0, "api_max": 90.0, "sulfur_max_pct": 10.0}


def crudes(**columns: list[float]) -> Crudes:
    return Crudes(**{name: np.array(values, dtype=float) for name, values in columns.items()})


# Sweet crude at 80 and sour at 60. Both weigh the same here, so that sulphur mixes by volume.
SWEET_AND_SOUR = crudes(barrels=[100, 100], price=[80, 60], api_gravity=[30, 30], sulfur_pct=[0.5, 3.0])


def blend(stock: Crudes, charge: float = 100, **limits: float) -> Blend:
    return cheapest_blend(stock, Limits(charge=charge, **{**WIDE, **limits}))


def test_without_limits_the_cheapest_crude_is_taken():
    assert blend(SWEET_AND_SOUR).barrels == pytest.approx([0, 100])


def test_what_is_not_in_stock_is_not_taken():
    assert blend(SWEET_AND_SOUR, charge=150).barrels == pytest.approx([50, 100])


def test_sulphur_limits_the_cheap_crude():
    """0.5 x + 3.0 (100 - x) <= 1.0 * 100 gives x >= 80."""
    found = blend(SWEET_AND_SOUR, sulfur_max_pct=1.0)
    assert found.barrels == pytest.approx([80, 20])
    assert found.binding == ("sulphur too high",)


def test_gravity_mixes_by_density_and_not_by_degrees():
    """Of 20 and 40 degrees (0.9340 and 0.8251) the middle density 0.8762 is 30 degrees: 46.9 parts heavy."""
    stock = crudes(barrels=[100, 100], price=[60, 80], api_gravity=[20, 40], sulfur_pct=[1, 1])
    assert blend(stock, api_min=30.0).barrels == pytest.approx([46.9, 53.1], abs=0.1)


def test_sulphur_mixes_by_weight():
    """The heavy crude weighs more, so less of it carries the sulphur: 0.9340 h * 2 = 0.8251 (100 - h) * 1."""
    stock = crudes(barrels=[100, 100], price=[60, 80], api_gravity=[20, 40], sulfur_pct=[3, 0])
    assert blend(stock, sulfur_max_pct=1.0).barrels == pytest.approx([30.64, 69.36], abs=0.01)


def test_too_small_a_stock_is_the_reason():
    assert blend(SWEET_AND_SOUR, charge=300).why_not == "stock is 100 barrels short of a day's charge"


def test_a_limit_that_no_blend_keeps_is_the_reason():
    assert blend(SWEET_AND_SOUR, sulfur_max_pct=0.4).why_not == "sulphur too high in every blend"


def test_limits_that_exclude_each_other_are_the_reason():
    stock = crudes(barrels=[100, 100], price=[60, 80], api_gravity=[20, 40], sulfur_pct=[0.5, 3.0])
    assert blend(stock, sulfur_max_pct=1.0, api_min=38.0).why_not == "the limits exclude each other"


def test_an_empty_stock_is_short_of_everything():
    assert "100 barrels short" in str(
        blend(crudes(barrels=[], price=[], api_gravity=[], sulfur_pct=[])).why_not
    )
