"""The master of customers. A row holds from the day on which tariff, sanctioned load, status or balance last changed.
Some changes are told a week late.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from domains.grid.world import network
from domains.grid.world.accounts import balance_of, status_of, tariffs_of
from domains.grid.world.clock import FIRST_DAY, date_of
from domains.grid.world.customers import CATEGORIES, customers_at
from simulation.arrays import Array, Columns, ids
from simulation.random_draws import World

STATUSES = np.array(["ACTIVE", "SUSPENDED", "CLOSED"])
THREE_PHASE_FROM = 8  # kW
CONNECTED = (-3650, -60)  # days since the anchor
GO_LIVE = int((np.datetime64("2025-01-01") - FIRST_DAY).astype(int))
TOLD_LATE = 0.1


def customer_master(rows: Columns, world: World) -> dict[str, Any]:
    index, today = (
        rows["_index"],
        rows["_at"] // 86_400_000_000 - (FIRST_DAY - np.datetime64("1970-01-01")).astype(int),
    )
    customers = customers_at(world, index)
    day = _seen(world, customers, today - 1)
    tariffs, (status, cut), (owed, told) = (
        of(world, customers, day) for of in (tariffs_of, status_of, balance_of)
    )
    since = np.max([tariffs.category_since, tariffs.sanctioned_since, cut, told], axis=0)
    since = np.maximum(since, np.where(day >= GO_LIVE, GO_LIVE, 0)).astype(np.int64)
    substation = network.substation_of(customers.transformer)
    state = network.state_of(world, customers.region, substation)
    house, block, sector = (
        world.integer(name, index, low=1, high=high).tolist()
        for name, high in (("house", 999), ("block", 7), ("sector", 50))
    )
    district = world.integer("district", customers.region, substation, low=1, high=50)
    return {
        "customer_id": ids("CUST-", index + 1, 6),
        "customer_name": ids("Customer_", index + 1, 6),
        "meter_id": network.meter_ids(index),
        "transformer_id": network.transformer_ids(customers.transformer),
        "region": network.region_names(customers.region),
        "state": network.state_names(customers.region, state),
        "district": ids("District-", district),
        "address": pa.array(
            [f"{a}, Block-{'ABCDEFGH'[b]}, Sector-{c}" for a, b, c in zip(house, block, sector, strict=True)]
        ),
        "tariff_category": np.array(CATEGORIES)[tariffs.category],
        "connection_type": np.where(customers.sanctioned >= THREE_PHASE_FROM, "THREE_PHASE", "SINGLE_PHASE"),
        "sanctioned_load_kw": tariffs.sanctioned.astype(np.int64),
        "connection_date": date_of(world.integer("connected", index, low=CONNECTED[0], high=CONNECTED[1])),
        "account_status": STATUSES[status],
        "outstanding_balance": owed,
        "last_payment_date": date_of(
            np.maximum(told, 0) - world.integer("paid before", index, told, low=2, high=25)
        ),
        "record_effective_date": date_of(since),
        "record_end_date": np.full(len(index), np.datetime64("9999-12-31")),
        "is_current": np.full(len(index), True),
    }


def _seen(world: World, customers: Any, day: Array) -> Array:
    """The day as of the end of which the master is told. A change of the balance that is told late waits a week."""
    _, told = balance_of(world, customers, day)
    is_late = world.happens("told late", customers.index, told, rate=TOLD_LATE)
    return np.where(is_late & (day - told < 7), np.minimum(day, told - 1), day)
