"""The intervals of local days in NumPy: 48 half-hours, or fewer and more where the clock is changed."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from domains.grid.local_time import TIME_ZONE

DAY_MINUTES = 24 * 60
EPOCH = date(1970, 1, 1)


def midnight(day: date, zone: str = TIME_ZONE) -> int:
    """The first second of a local day, since 1970 in UTC."""
    local_midnight = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone))
    return int(local_midnight.timestamp())


def slots_of_day(day: date, zone: str = TIME_ZONE, minutes: int = 30) -> np.ndarray:
    """The begins of a local day's intervals, in seconds of UTC: 48 half-hours, 46 or 50 on a day that is an hour
    shorter or longer, 47 or 49 on one that is half an hour shorter or longer."""
    return np.arange(
        midnight(day, zone), midnight(day + timedelta(days=1), zone), 60 * minutes, dtype=np.int64
    )


def slots_between(
    first: date, last: date, zone: str = TIME_ZONE, minutes: int = 30
) -> tuple[np.ndarray, np.ndarray]:
    """The begins of all intervals from one local day to another, both included, and the day of each as days since
    1970."""
    days = [first + timedelta(days=each) for each in range((last - first).days + 1)]
    slots = [slots_of_day(day, zone, minutes) for day in days]
    numbers = [day_number(day) for day in days]
    return np.concatenate(slots), np.repeat(np.array(numbers, np.int64), [len(each) for each in slots])


def clock_minutes(begin: np.ndarray, zone: str = TIME_ZONE) -> np.ndarray:
    """Minutes since midnight that the clock on the wall shows at instants in ascending order. An hour that the clock
    shows twice has the same minutes twice; one that it leaves out has none."""
    return (begin // 60 + _offset_minutes(begin, zone)) % DAY_MINUTES


def local_day_numbers(begin: np.ndarray, zone: str = TIME_ZONE) -> np.ndarray:
    """The local day of instants in ascending order, as days since 1970."""
    return (begin // 60 + _offset_minutes(begin, zone)) // DAY_MINUTES


def day_number(day: date) -> int:
    return (day - EPOCH).days


def date_of(number: int) -> date:
    """Of a day by its number."""
    return EPOCH + timedelta(days=int(number))


def _offset_minutes(begin: np.ndarray, zone: str) -> np.ndarray:
    """How far the local clock is ahead of UTC, asked once for each half-hour: no zone changes its clock between."""
    halves, of_half = np.unique(begin // 1800, return_inverse=True)
    clock, minute = ZoneInfo(zone), timedelta(minutes=1)
    ahead = [datetime.fromtimestamp(int(half) * 1800, clock).utcoffset() or timedelta() for half in halves]
    return np.array([each // minute for each in ahead], np.int64)[of_half]
