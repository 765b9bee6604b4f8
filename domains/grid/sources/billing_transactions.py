"""The billing database's changes: a bill is inserted, told overdue or disputed, paid; a wrong one is deleted and mostly
inserted again. An update is two rows, before and after, of one log sequence number.

The first span also tells of the changes of two months before it, so that what it goes on to change is there.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from domains.grid.world import network
from domains.grid.world.accounts import (
    DAY,
    DELETED,
    DISPUTED,
    DUE_DAYS,
    FLAGGED,
    FLAGGED_WRONGLY,
    FRAUD_AMOUNT,
    ISSUED,
    OVERDUE,
    PAID,
    STEPS,
    TAX,
    Bills,
    bill_numbers,
    bills_of,
    fraud_of,
    period_days,
    rate_of,
    tariffs_of,
    units_of,
)
from domains.grid.world.customers import Customers, customers_at
from simulation.arrays import Array, Columns, ids, instants
from simulation.random_draws import ANCHOR_SECONDS, World, seconds

HISTORY_DAYS = 62
DELETE, INSERT, BEFORE, AFTER = 1, 2, 3, 4
METHODS = ("UPI", "CARD", "NETBANKING", "CASH", "AUTO_DEBIT")
METHOD_WEIGHTS = (0.45, 0.12, 0.13, 0.2, 0.1)
ALL_COLUMNS, STATUS_ALONE, STATUS_AND_METHOD = (
    "0x1FFFF",
    "0x00800",
    "0x01800",
)  # bits by the order of the columns
COMMANDS_APART = 16


def billing_transactions(spans: Columns, world: World) -> dict[str, Any]:
    customers = customers_at(world, spans["_index"])
    begin, end = (int(spans[name][0]) - ANCHOR_SECONDS for name in ("_begin", "_end"))
    start = seconds(world.start) - ANCHOR_SECONDS
    since = begin - HISTORY_DAYS * DAY if begin == start else begin
    bills = bills_of(world, customers, since, end)
    bills = bills.where(
        np.flatnonzero(bills.times[:, ISSUED] >= start - HISTORY_DAYS * DAY)
    )  # else: never inserted
    bill, step = np.nonzero((bills.times >= since) & (bills.times < end))
    is_update = np.isin(step, (OVERDUE, DISPUTED, PAID))
    images = 1 + is_update
    row = np.repeat(np.arange(len(bill)), images)
    is_after = np.arange(len(row)) - np.repeat(np.cumsum(images) - images, images) == 1
    operation = np.where(
        is_update[row], np.where(is_after, AFTER, BEFORE), np.where(step[row] == DELETED, DELETE, INSERT)
    )
    return as_rows(world, customers, bills, bill[row], step[row], operation, start)


def as_rows(
    world: World, customers: Customers, bills: Bills, bill: Array, step: Array, operation: Array, start: int
) -> dict[str, Any]:
    at = bills.times[bill, step]
    place, month = bills.customer[bill], bills.month[bill]
    who, number = customers.index[place], bill_numbers(customers.index[place], month)
    units, rate, base = amounts_of(world, customers, bills)
    first, last = period_days(bills)
    due = (bills.times[bill, ISSUED] // DAY + DUE_DAYS) + np.datetime64("2020-01-01")
    shown = status_before(bills, bill, step, at, operation)
    tax = np.round(base * TAX, 2)
    state = network.state_of(world, customers.region, network.substation_of(customers.transformer))
    texts = pa.array(place)
    mask = np.where(step == PAID, STATUS_AND_METHOD, STATUS_ALONE)
    is_fraud = fraud_of(world, who, month).is_tiny
    flagged = world.happens("flagged", who, month, rate=np.where(is_fraud, FLAGGED, FLAGGED_WRONGLY))
    return {
        "_index": who,
        "_n": (month * len(STEPS) + step) * 2 + (operation == AFTER),
        "_at": (at + ANCHOR_SECONDS) * 1_000_000,
        "_sent": (np.maximum(at, start) + ANCHOR_SECONDS) * 1_000_000,
        "operation": operation,
        "start_lsn": lsn_of(at, who, step),
        "seqval": lsn_of(at, who, step + COMMANDS_APART),
        "update_mask": np.where(
            operation == INSERT, ALL_COLUMNS, np.where(operation == DELETE, "0x00000", mask)
        ),
        "command_id": np.ones(len(at), np.int64),
        "transaction_id": ids("TXN-", number, 8),
        "bill_id": ids("BILL-", number, 8),
        "customer_id": ids("CUST-", who + 1, 6),
        "meter_id": network.meter_ids(customers.index).take(texts),
        "billing_period_start": first[bill],
        "billing_period_end": last[bill],
        "units_consumed_kwh": units[bill],
        "rate_per_kwh": rate[bill],
        "base_amount": base[bill],
        "tax_amount": tax[bill],
        "total_amount": np.round(base + tax, 2)[bill],
        "payment_status": shown,
        "payment_method": np.where(shown == "PAID", method_of(world, who, month), None),
        "due_date": due,
        "region": network.region_names(customers.region).take(texts),
        "state": network.state_names(customers.region, state).take(texts),
        "fraud_flag": flagged,
        "cdc_timestamp": instants((at + ANCHOR_SECONDS) * 1_000_000 + 400_000),
    }


def amounts_of(world: World, customers: Customers, bills: Bills) -> tuple[Array, Array, Array]:
    """Units, rate and base amount as they are billed."""
    who, month = customers.index[bills.customer], bills.month
    fraud, billed = fraud_of(world, who, month), customers.where(bills.customer)
    units = np.round(units_of(world, customers, bills) * fraud.part, 2)
    rate = rate_of(world, who, tariffs_of(world, billed, bills.ends).category)
    tiny = world.uniform("fraud amount", who, month, low=FRAUD_AMOUNT[0], high=FRAUD_AMOUNT[1])
    return units, rate, np.round(np.where(fraud.is_tiny, tiny, units * rate), 2)


def status_before(bills: Bills, bill: Array, step: Array, at: Array, operation: Array) -> Array:
    """The payment status in each row; before-images and deleted rows show what the step before left."""
    own = np.array(["PENDING", "OVERDUE", "DISPUTED", "PAID", "", "PENDING"], object)
    overdue, disputed = (bills.times[bill, each] < at for each in (OVERDUE, DISPUTED))
    earlier = np.where(disputed, "DISPUTED", np.where(overdue, "OVERDUE", "PENDING"))
    keeps = (operation == BEFORE) | (operation == DELETE)
    return np.where(keeps, earlier, own[step])


def method_of(world: World, who: Array, month: Array) -> Array:
    return world.choice("paid by", who, month, values=METHODS, weights=METHOD_WEIGHTS).astype(object)


def lsn_of(at: Array, who: Array, step: Array) -> pa.Array:
    """Ten bytes that grow with the time of the commit; the customer and the step keep two of a second apart."""
    parts = zip(at.tolist(), who.tolist(), step.tolist(), strict=True)
    return pa.array(
        [f"0x{second:08X}{customer:08X}{place:04X}" for second, customer, place in parts], pa.string()
    )
