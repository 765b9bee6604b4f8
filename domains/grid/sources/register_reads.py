"""What the registers of meters show at each local midnight, with the unit and the multiplier that the head-end holds.
A read in a hundred is lost.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from domains.grid.world import network
from domains.grid.world.clock import first_half_hour, second_of
from domains.grid.world.customers import customers_at
from domains.grid.world.registers import WRONG_TIMES, first_day, multiplier_of, shown_at_midnight, wrong_of
from simulation.arrays import Columns, ids, numbers_joined
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

LOST = 0.01
WATT_HOURS = 1000.0


def register_reads(spans: Columns, world: World) -> dict[str, Any]:
    begin, end = (first_day(int(spans[name][0]) - ANCHOR_SECONDS) for name in ("_begin", "_end"))
    start = first_day(seconds(world.start) - ANCHOR_SECONDS)
    index = np.sort(spans["_index"])
    days = np.arange(begin, max(begin, end))
    shown = (
        shown_at_midnight(world, index, begin, begin + len(days), start)
        if len(days)
        else np.zeros((len(index), 0))
    )
    who, day = np.repeat(index, len(days)), np.tile(days, len(index))
    kept = np.flatnonzero(~world.happens("register read is lost", who, day, rate=LOST))
    who, day, kwh = who[kept], day[kept], shown.ravel()[kept]
    right, wrong = multiplier_of(world, customers_at(world, who)), wrong_of(world, who, day)
    is_wrong = wrong.happens & (day >= wrong.begins) & (day < wrong.ends)
    of_unit, of_multiplier = is_wrong & wrong.is_unit, is_wrong & ~wrong.is_unit
    second = second_of(first_half_hour(day))
    return {
        "_index": who,
        "_n": day,
        "_at": second * 1_000_000,
        "read_id": numbers_joined("RR", who + 1, day),
        "customer_id": ids("CUST-", who + 1, 6),
        "meter_id": network.meter_ids(who),
        "read_at": second.astype("datetime64[s]"),
        "register_value": np.round(kwh / right * np.where(of_unit, WATT_HOURS, 1.0), 3),
        "unit": pa.array(["kWh"]).take(pa.array(np.zeros(len(who), np.int64))),
        "multiplier": np.where(of_multiplier, np.where(right > 1, 1.0, WRONG_TIMES), right),
    }
