"""Bills of next to nothing, and bills of far less than the meter counted."""

from typing import Any

import numpy as np

from domains.grid.world.accounts import ISSUED, bill_numbers, bills_of, fraud_of
from domains.grid.world.customers import customers_at
from simulation.arrays import ids
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HIDDEN = True
PLANTED = {
    "table": "billing_transactions",
    "kind": "billing_fraud",
    "key": "transaction_id",
    "from_at": "issued_at",
    "to_at": "to_at",
}
HISTORY_SECONDS = 62 * 86_400
KINDS = np.array(["tiny amount", "too few units"])


def billing_frauds(world: World) -> dict[str, Any]:
    """Told from issue to the end of the span, as a bill does not end."""
    first, last = (seconds(at) - ANCHOR_SECONDS for at in (world.start, world.end))
    customers = customers_at(world, np.arange(world.counts["customer_master"]))
    bills = bills_of(world, customers, first - HISTORY_SECONDS, last)
    who = customers.index[bills.customer]
    fraud = fraud_of(world, who, bills.month)
    issued = bills.times[:, ISSUED]
    rows = np.flatnonzero(fraud.is_fraud & (issued >= first - HISTORY_SECONDS) & (issued < last))
    return {
        "transaction_id": ids("TXN-", bill_numbers(who, bills.month)[rows], 8),
        "issued_at": (issued[rows] + ANCHOR_SECONDS).astype("datetime64[s]"),
        "to_at": np.full(len(rows), last + ANCHOR_SECONDS).astype("datetime64[s]"),
        "way": KINDS[(~fraud.is_tiny[rows]).astype(np.int64)],
        "part_of_units": np.round(fraud.part[rows], 3),
    }
