"""Accounts of customers: which tariff they are in, what they owe, and their bills from issue to payment.

A bill is for a month from the customer's own day on, and is made a day later from what the meter counted, without the
spikes, which the billing office takes out. Months are counted from the anchor.
"""

from dataclasses import dataclass

import numpy as np

from domains.grid.world.clock import FIRST_DAY, PER_DAY, first_half_hour
from domains.grid.world.customers import (
    AGRICULTURAL,
    CATEGORIES,
    CLOSED,
    COMMERCIAL,
    DEBTOR,
    DOMESTIC,
    Customers,
)
from domains.grid.world.demand import SHAPES, climate_of
from domains.grid.world.metering import metered_of, off_of, suspension_of
from simulation.arrays import Array, Arrays
from simulation.random_draws import World

RATES = {"DOMESTIC": (3.0, 7.5), "COMMERCIAL": (7.0, 9.0), "INDUSTRIAL": (6.5, 8.5), "AGRICULTURAL": (3.0, 4.0),
         "INSTITUTIONAL": (6.0, 8.0)}  # INR per kWh  # fmt: skip
LOW_RATE, HIGH_RATE = np.array([RATES[name] for name in CATEGORIES]).T
TAX = 0.18
DUE_DAYS = 15
DAY, HOUR = 86_400, 3600
FRAUDS, FRAUD_AMOUNT, FLAGGED, FLAGGED_WRONGLY = 0.04, (0.01, 50.0), 0.8, 0.003
UNDERBILLED, UNDERBILLED_PART = 0.015, (0.1, 0.4)
NEVER = np.int64(1) << 40
STEPS = ("issued", "overdue", "disputed", "paid", "deleted", "issued again")
ISSUED, OVERDUE, DISPUTED, PAID, DELETED, AGAIN = range(6)
RECLASSIFIED, RECLASSIFIED_DAYS = 0.12, (1700, 2900)
RAISED, RAISED_DAYS, ROOM = 0.2, (1700, 2900), 0.35
BALANCES, BALANCE_MONTHS = 0.3, 24


def month_start(month: Array) -> Array:
    """The first day of a month, in days since the anchor."""
    first = (np.datetime64("2020-01") + np.asarray(month, np.int64)).astype("datetime64[D]")
    return (first - FIRST_DAY).astype(np.int64)


def month_of(day: Array) -> Array:
    month = (FIRST_DAY + np.asarray(np.floor(day), np.int64)).astype("datetime64[M]")
    return (month - np.datetime64("2020-01")).astype(np.int64)


def cycle_day(world: World, customer: Array) -> Array:
    """The day of the month on which the customer's billing period begins, from 0."""
    return world.integer("billing cycle", customer, low=0, high=27)


@dataclass(frozen=True)
class Tariffs:
    category: Array
    sanctioned: Array
    category_since: Array
    sanctioned_since: Array


def tariffs_of(world: World, customers: Customers, day: Array) -> Tariffs:
    """A shop in a home pays the tariff of homes until it is found, and so on; who plans to grow has the
    sanctioned load raised. `_since` is the day of the change, far back where there was none yet."""
    who, use = customers.index, customers.category
    other = np.where(use == COMMERCIAL, DOMESTIC, np.where(use == DOMESTIC, COMMERCIAL, use))
    found = world.integer("reclassified on", who, low=RECLASSIFIED_DAYS[0], high=RECLASSIFIED_DAYS[1])
    is_wrong = world.happens("reclassified", who, rate=RECLASSIFIED) & (other != use)
    raised = world.integer("raised on", who, low=RAISED_DAYS[0], high=RAISED_DAYS[1])
    has_room = (customers.size < ROOM * customers.sanctioned) & (customers.sanctioned >= 4)
    rises = world.happens("raised", who, rate=RAISED) & has_room
    lower = np.maximum(np.floor(customers.sanctioned * 0.8), 1.0)
    return Tariffs(
        np.where(is_wrong & (day < found), other, use),
        np.where(rises & (day < raised), lower, customers.sanctioned),
        np.where(is_wrong & (day >= found), found, -NEVER),
        np.where(rises & (day >= raised), raised, -NEVER),
    )


def rate_of(world: World, customer: Array, category: Array) -> Array:
    drawn = world.uniform("rate", customer)
    return np.round(LOW_RATE[category] + drawn * (HIGH_RATE - LOW_RATE)[category], 2)


def usual_bill(world: World, customers: Customers) -> Array:
    """INR of a month, about."""
    mean = SHAPES[:, 0].mean(axis=1)[customers.use]
    days = np.where(customers.category == AGRICULTURAL, 0.6, 1.0)
    return customers.size * mean * days * 720.0 * rate_of(world, customers.index, customers.category)


def balance_of(world: World, customers: Customers, day: Array) -> tuple[Array, Array]:
    """What is owed, and since which day: it is told in some months, after the payments of the month before."""
    who, cycle = customers.index[:, None], cycle_day(world, customers.index)[:, None]
    months = month_of(day)[:, None] - np.arange(BALANCE_MONTHS)
    told = month_start(months) + cycle
    counts = world.happens("balance told", who, months, rate=BALANCES) & (told <= day[:, None])
    place = np.argmax(counts, axis=1)
    rows = np.arange(len(place))
    month = months[rows, place]
    owes = world.uniform("owes", customers.index, month)
    is_debtor = customers.role == DEBTOR
    months_owed = np.where(is_debtor, 1.0 + 4.0 * owes, np.where(owes < 0.55, 0.0, (owes - 0.55) * 2.5))
    return np.round(usual_bill(world, customers) * months_owed, 2), np.where(
        counts.any(axis=1), told[rows, place], -NEVER
    )


def status_of(world: World, customers: Customers, day: Array) -> tuple[Array, Array]:
    """0 active, 1 suspended, 2 closed at the end of the day, and the day since when, far back for ever."""
    half_hour = first_half_hour(day + 1)
    cut, begins, ends = suspension_of(world, customers.index, half_hour)
    begun, over = (-(-(at) // PER_DAY) for at in (begins, ends))
    is_debtor = (customers.role == DEBTOR) & cut
    is_suspended = is_debtor & (half_hour >= begins) & (half_hour < ends)
    since = np.where(is_suspended, begun, np.where(is_debtor & (half_hour >= ends), over, -NEVER))
    return np.where(customers.role == CLOSED, 2, is_suspended.astype(np.int64)), since


@dataclass(frozen=True)
class Bills(Arrays):
    """`customer` is a place in what they were made of. Days of the period's start and of the one after its end;
    `times`: [bill, step] seconds since the anchor, NEVER for a step that is not taken."""

    customer: Array
    month: Array
    begins: Array
    ends: Array
    times: Array


def bills_of(world: World, customers: Customers, first: int, last: int) -> Bills:
    """Bills of which a step is taken from second `first` up to `last`."""
    back = 75 * DAY
    months = np.arange(
        int(month_of(np.array((first - back) // DAY))) - 1, int(month_of(np.array(last // DAY))) + 1
    )
    rows = np.flatnonzero(customers.role != CLOSED)
    place, month = (found.ravel() for found in np.meshgrid(rows, months, indexing="ij"))
    who = customers.index[place]
    cycle = cycle_day(world, who)
    begins, ends = (month_start(month + ahead) + cycle for ahead in (0, 1))
    bills = Bills(
        place, month, begins, ends, _steps(world, customers.role[place] == DEBTOR, who, month, ends)
    )
    touched = ((bills.times >= first) & (bills.times < last)).any(axis=1)
    return bills.where(np.flatnonzero(touched))


def _steps(world: World, is_debtor: Array, who: Array, month: Array, ends: Array) -> Array:
    def after(at: Array, salt: str, low: float, high: float) -> Array:
        return at + np.floor(world.uniform(salt, who, month, low=low, high=high) * DAY).astype(np.int64)

    issued = ends * DAY + world.integer("issued", who, month, low=20 * HOUR, high=34 * HOUR)
    course = world.uniform("course of the bill", who, month) + is_debtor * 0.6
    in_time, late, disputed = (
        course < 0.78,
        (course >= 0.78) & (course < 0.92),
        (course >= 0.92) & (course < 0.96),
    )
    overdue = issued + (DUE_DAYS + 1) * DAY + world.integer("told overdue", who, month, low=0, high=3 * HOUR)
    wrong = world.happens("wrong bill", who, month, rate=0.012)
    deleted = np.where(wrong, after(issued, "deleted", 0.3, 2.0), NEVER)
    again = wrong & ~world.happens("cancelled", who, month, rate=0.25)
    disputes = after(issued, "disputed", 3.0, 9.0)
    paid = np.where(in_time, after(issued, "paid", 2.5, 14.5), after(overdue, "paid late", 1.0, 26.0))
    paid = np.where(disputed, after(disputes, "paid disputed", 6.0, 30.0), paid)
    lives = ~wrong | again
    steps = {
        ISSUED: issued,
        OVERDUE: np.where(~in_time & ~disputed & lives, overdue, NEVER),
        DISPUTED: np.where(disputed & lives, disputes, NEVER),
        PAID: np.where((in_time | late | disputed) & lives, paid, NEVER),
        DELETED: deleted,
        AGAIN: np.where(again, after(np.minimum(deleted, NEVER), "again", 0.1, 0.4), NEVER),
    }
    return np.stack([steps[step] for step in range(len(STEPS))], axis=1)


@dataclass(frozen=True)
class Fraud:
    """Of each bill: whether its amount is next to nothing, and the part of its units that was billed."""

    is_tiny: Array
    part: Array

    @property
    def is_fraud(self) -> Array:
        return self.is_tiny | (self.part < 1.0)


def fraud_of(world: World, customer: Array, month: Array) -> Fraud:
    drawn = world.uniform("billing fraud", customer, month)
    low, high = UNDERBILLED_PART
    part = world.uniform("underbilled part", customer, month, low=low, high=high)
    is_under = (drawn >= FRAUDS) & (drawn < FRAUDS + UNDERBILLED)
    return Fraud(drawn < FRAUDS, np.where(is_under, part, 1.0))


def units_of(world: World, customers: Customers, bills: Bills) -> Array:
    """kWh that the meter counted in the period of each bill, without spikes."""
    found = np.zeros(len(bills.customer))
    for month in np.unique(bills.month):
        rows = np.flatnonzero(bills.month == month)
        for at in range(0, len(rows), 400):
            found[rows[at : at + 400]] = _units(world, customers, bills.where(rows[at : at + 400]))
    return np.round(found, 2)


def _units(world: World, customers: Customers, bills: Bills) -> Array:
    first, counts = first_half_hour(bills.begins), (bills.ends - bills.begins) * PER_DAY
    place = np.repeat(np.arange(len(counts)), counts)
    half_hour = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts - first, counts)
    who = customers.where(bills.customer[place])
    counted = metered_of(
        world, climate_of(world, half_hour), who, half_hour, off_of(world, who.transformer, half_hour)
    ).counted
    return np.bincount(place, np.round(counted, 3), len(counts))


def bill_numbers(customer: Array, month: Array) -> Array:
    """One for each customer and month."""
    return month * 1_000_000 + customer


def period_days(bills: Bills) -> tuple[Array, Array]:
    """The first and the last day of each period."""
    return FIRST_DAY + bills.begins, FIRST_DAY + (bills.ends - 1)
