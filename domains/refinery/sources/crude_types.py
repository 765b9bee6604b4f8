"""Grades of crude, as the list has them."""

from domains.refinery.world.reference import numbers, rows_of, texts
from simulation.arrays import Array, Columns

NUMBERS = ("api_gravity_typical", "sulfur_content_typical", "benchmark_price_differential")


def crude_types(rows: Columns) -> dict[str, Array]:
    return {
        name: (numbers if name in NUMBERS else texts)("crude_types", name)[rows["_index"]]
        for name in rows_of("crude_types")[0]
    }
