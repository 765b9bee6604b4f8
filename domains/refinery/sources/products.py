"""Products, as the list has them."""

from domains.refinery.world.reference import numbers, rows_of, texts
from simulation.arrays import Array, Columns

NUMBERS = ("density_min", "density_max", "sulfur_max_ppm", "typical_yield_pct")


def products(rows: Columns) -> dict[str, Array]:
    return {
        name: (numbers if name in NUMBERS else texts)("products", name)[rows["_index"]]
        for name in rows_of("products")[0]
    }
