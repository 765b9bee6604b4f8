"""What units make: the products of each slate with their yields and what the crude does to them."""

from functools import cache

import numpy as np

from domains.refinery.world.plant import product_lists
from domains.refinery.world.reference import numbers, rows_of, texts
from simulation.arrays import Array

CRUDE_EFFECTS = (
    "lighter",
    "sourer",
)  # how much more of it ten degrees lighter a crude gives, and a per cent sourer
AVERAGE_API, AVERAGE_SULFUR = 33.0, 1.2


@cache
def _products() -> tuple[Array, Array]:
    """The products of each slate by their number in the list, and how many there are."""
    lists = product_lists()
    numbered = {name: place for place, name in enumerate(texts("products", "product_id").tolist())}
    table = np.zeros((len(lists), max(map(len, lists))), np.int64)
    for place, names in enumerate(lists):
        table[place, : len(names)] = [numbered[name] for name in names]
    return table, np.array([len(names) for names in lists])


def products_of_slate(slate: int) -> Array:
    """By their numbers in the list."""
    table, counts = _products()
    return table[slate, : counts[slate]]


def product_of_hour(slate: Array, hour: Array, turns: Array) -> Array:
    """The main product, by its number, goes round the slate. It moves on only when all crude tanks had their turn, so
    that each product meets each crude."""
    table, counts = _products()
    return table[slate, hour // turns % counts[slate]]


def crude_yield(product: Array, api: Array, sulfur: Array) -> Array:
    """Of the hour's main product, at an efficiency of one."""
    of_category = {
        row["product_category"]: [float(row[name]) for name in CRUDE_EFFECTS]
        for row in rows_of("crude_effects")
    }
    effects = np.array([of_category[name] for name in texts("products", "product_category").tolist()])
    lighter, sourer = effects[product].T
    factor = 1.0 + lighter * (api - AVERAGE_API) / 10 + sourer * (sulfur - AVERAGE_SULFUR)
    return numbers("products", "typical_yield_pct")[product] * np.clip(factor, 0.2, 1.8)


def tank_products(slate: Array, product_type: Array, draw: Array) -> Array:
    """A product of this type that the refinery makes, by its number; -1 for crude."""
    categories, (table, counts) = texts("products", "product_category"), _products()
    found = np.full(len(slate), -1)
    for place, (at, kind, part) in enumerate(
        zip(slate.tolist(), product_type.tolist(), draw.tolist(), strict=True)
    ):
        made = [number for number in table[at, : counts[at]] if categories[number] == kind]
        if made:
            found[place] = made[int(part * len(made))]
    return found
