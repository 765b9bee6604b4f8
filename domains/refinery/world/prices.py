"""What crude and products cost: a path of Brent, and what each product fetches above it."""

from datetime import timedelta

import numpy as np

from domains.refinery.world.reference import numbers, rows_of, texts
from simulation.arrays import Array
from simulation.random_draws import World

BRENT, WANDERS = 80.0, {180: 9.0, 45: 5.0, 12: 2.5, 3: 1.0}  # dollars; days and dollars: a dozen a quarter
SPREAD_DAYS, APART, LEAST = 20, 2.0, 1.0


def brent(world: World, at: Array) -> Array:
    """The price of Brent at these seconds since 1970."""
    return BRENT + sum(
        dollars * world.smooth(f"brent {days}", 0, at=at, every=timedelta(days=days))
        for days, dollars in WANDERS.items()
    )


def product_price(world: World, product: Array, at: Array) -> Array:
    """Dollars a barrel of a product, by its number in the list. Products of a category rise and fall together."""
    place = {row["product_category"]: at for at, row in enumerate(rows_of("spreads"))}
    listed = np.array([place[name] for name in texts("products", "product_category").tolist()])
    category = listed[product]
    spread = numbers("spreads", "over_benchmark")[category] + world.uniform(
        "product price", product, low=-APART, high=APART
    )
    moved = world.smooth("spread", category, at=at, every=timedelta(days=SPREAD_DAYS))
    return np.maximum(LEAST, brent(world, at) + spread + numbers("spreads", "swing")[category] * moved)
