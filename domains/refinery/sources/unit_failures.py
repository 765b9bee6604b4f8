"""Failures of units with their run-up: never landed, but felt by readings, output and maintenance dates."""

from typing import Any

import numpy as np

from domains.refinery.world.failures import MODES, failure_of, failures_around
from simulation.arrays import Columns, gathered
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HIDDEN = True
PLANTED = {
    "table": "processing_units",
    "kind": "failure",
    "key": "unit_id",
    "from_at": "run_up_from",
    "to_at": "back_at",
    "happens_at": "failed_at",
}
HOUR = 3600
AROUND_HOURS = 24  # what happens at the edge of the span leans on failures just outside of it


def unit_failures(processing_units: Columns, world: World) -> dict[str, Any]:
    """unit_id, run_up_from, failed_at, back_at of each failure felt within a day of the span, severity 0.6 to 1."""
    first, last = ((seconds(at) - ANCHOR_SECONDS) // HOUR for at in (world.start, world.end))
    first, last = first - AROUND_HOURS, last + AROUND_HOURS
    unit = np.arange(len(processing_units["unit_id"]))[:, None]
    earliest, latest = (failures_around(world, unit, np.array([at]))[0].number for at in (first, last))
    numbers = earliest + np.arange(int((latest - earliest).max(initial=0)) + 1)
    found = failure_of(world, unit, numbers)
    felt = (found.repaired > first) & (found.run_up_from < last) & (numbers <= latest)
    place, _ = np.nonzero(felt)
    times = {"run_up_from": found.run_up_from, "failed_at": found.failed, "back_at": found.repaired}
    return {
        "unit_id": gathered(processing_units["unit_id"], place),
        **{
            name: (hour[felt].astype(np.int64) * HOUR + ANCHOR_SECONDS).astype("datetime64[s]")
            for name, hour in times.items()
        },
        "severity": np.round(found.severity[felt], 4),
        "mode": np.array(MODES)[found.mode[felt]],
    }
