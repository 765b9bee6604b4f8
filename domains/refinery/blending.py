"""The best draw from a refinery's crude tanks for a day's charge, as a linear programme.

A tank is mixed: it gives all that is in it alike, so there is one variable a tank. API gravities do not mix in
proportion, densities do; and sulphur mixes by weight. So both limits are written in densities, and all of it stays
linear in the barrels from each tank.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

Array = np.ndarray


@dataclass(frozen=True)
class Tanks:
    """What can be drawn, with its margin (value of its products less its replacement cost): one entry a tank."""

    barrels: Array
    margin: Array
    api_gravity: Array
    sulfur_pct: Array

    @property
    def gravity(self) -> Array:
        """Specific gravity, water being 1."""
        return 141.5 / (self.api_gravity + 131.5)


@dataclass(frozen=True)
class Limits:
    """What a refinery takes: the barrels of its charge, and the bounds of their quality."""

    charge: float
    api_min: float
    api_max: float
    sulfur_max_pct: float

    def rows(self, tanks: Tanks) -> dict[str, Array]:
        """Each limit as coefficients whose sum over the blend must not be positive."""
        heaviest, lightest = (141.5 / (api + 131.5) for api in (self.api_min, self.api_max))
        return {
            "API gravity too low": tanks.gravity - heaviest,
            "API gravity too high": lightest - tanks.gravity,
            "sulphur too high": tanks.gravity * (tanks.sulfur_pct - self.sulfur_max_pct),
        }


@dataclass(frozen=True)
class Blend:
    """The barrels to draw from each tank, or why there is no such blend."""

    barrels: Array
    why_not: str | None = None
    binding: tuple[str, ...] = field(default=())


def best_blend(tanks: Tanks, limits: Limits, method: str = "highs") -> Blend:
    none = np.zeros(len(tanks.barrels))
    if tanks.barrels.sum() < limits.charge:
        short = limits.charge - tanks.barrels.sum()
        return Blend(none, f"stock is {short:,.0f} barrels short of a day's charge")
    rows = limits.rows(tanks)
    solved = solve(-tanks.margin, rows, tanks, limits, method)
    if solved.status == 0:
        slack = dict(zip(rows, solved.ineqlin.residual, strict=True))
        return Blend(
            solved.x, binding=tuple(name for name, left in slack.items() if abs(left) < 1e-6 * limits.charge)
        )
    said = {
        "API gravity too low": f"even its lightest blend is heavier than {limits.api_min:.1f} °API",
        "API gravity too high": f"even its heaviest blend is lighter than {limits.api_max:.1f} °API",
        "sulphur too high": f"even its sweetest blend has more than {limits.sulfur_max_pct:.2f} % sulphur",
    }
    broken = [said[name] for name, row in rows.items() if not can_hold(row, tanks, limits)]
    return Blend(none, "; ".join(broken) or "no blend keeps its limits of gravity and sulphur at once")


def can_hold(row: Array, tanks: Tanks, limits: Limits) -> bool:
    """Whether some blend keeps this limit, whatever it does to the others."""
    return bool(solve(row, {}, tanks, limits).fun <= 1e-9 * limits.charge)


def solve(
    cost: Array, rows: dict[str, Array], tanks: Tanks, limits: Limits, method: str = "highs"
) -> "OptimizeResult":
    from scipy.optimize import linprog  # here: every command reads this module, and few blend

    return linprog(
        cost,
        A_ub=np.array(list(rows.values())) if rows else None,
        b_ub=np.zeros(len(rows)) if rows else None,
        A_eq=np.ones((1, len(cost))),
        b_eq=[limits.charge],
        bounds=[(0, most) for most in tanks.barrels],
        method=method,
    )


def mixed_api_gravity(barrels: Array, api_gravity: Array) -> float:
    return float(141.5 * barrels.sum() / (barrels @ (141.5 / (api_gravity + 131.5))) - 131.5)


def mixed_sulfur_pct(barrels: Array, api_gravity: Array, sulfur_pct: Array) -> float:
    weight = barrels * 141.5 / (api_gravity + 131.5)
    return float(weight @ sulfur_pct / weight.sum())
