"""Refineries around the seed's cities. The first one always runs, so that the smallest world is not idle."""

from typing import Any

import numpy as np

from domains.refinery.world.reference import numbers, rows_of, texts
from simulation.arrays import Columns, ids
from simulation.random_draws import World

RUNNING = 0.95


def refineries(rows: Columns, world: World) -> dict[str, Any]:
    number = rows["_index"]
    city = world.integer("city", number, low=0, high=len(rows_of("cities")) - 1)
    name, letter = (
        texts("cities", "location_city")[city],
        np.array(list("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))[number % 26],
    )
    near = {
        column: np.round(
            numbers("cities", column)[city] + world.uniform(column, number, low=-0.25, high=0.25), 4
        )
        for column in ("latitude", "longitude")
    }
    return {
        "refinery_id": ids("REF-", number, 3),
        "refinery_name": np.char.add(np.char.add(name, " Refinery "), letter),
        "location_city": name,
        "location_state": texts("cities", "location_state")[city],
        "location_country": texts("cities", "location_country")[city],
        **near,
        "is_active": world.happens("refinery runs", number, rate=RUNNING) | (number == 0),
    }
