"""Prices of products and of benchmark crude, as each day opens."""

from typing import Any

import numpy as np

from domains.refinery.world.prices import brent, product_price
from domains.refinery.world.reference import texts
from simulation.arrays import Columns, instants, numbers_joined
from simulation.random_draws import World


def market_prices(rows: Columns, world: World) -> dict[str, Any]:
    product, at = rows["_index"], rows["_at"]
    second = at // 1_000_000
    return {
        "price_id": numbers_joined("PRICE", product, second // 86_400),
        "product_id": texts("products", "product_id")[product],
        "priced_at": instants(at),
        "price_per_barrel": np.round(product_price(world, product, second), 2),
        "benchmark_per_barrel": np.round(brent(world, second), 2),
    }
