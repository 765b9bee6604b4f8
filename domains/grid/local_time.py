"""Days and hours as the people of the grid count them: by the clock of their country, not by UTC."""

from pyspark.sql import Column
from pyspark.sql import functions as F

TIME_ZONE = "Asia/Kolkata"


def local(instant: str | Column) -> Column:
    """The time that a clock on the wall shows then."""
    return F.from_utc_timestamp(F.col(instant) if isinstance(instant, str) else instant, TIME_ZONE)


def local_day(instant: str | Column) -> Column:
    return F.to_date(local(instant))


def local_day_before(instant: str) -> Column:
    """The day of an interval that ends at the instant: midnight belongs to the day before."""
    return local_day(_just_before(instant))


def local_hour_before(instant: str) -> Column:
    """The hour of the local clock, 0 to 23, in which an interval that ends at the instant lies."""
    return F.hour(local(_just_before(instant)))


def hour_start_before(instant: str) -> Column:
    """The instant at which that hour began. Where clocks go back an hour of the clock comes twice, an instant once."""
    last = _just_before(instant)
    into_hour = F.pmod(F.unix_micros(local(last)), F.lit(3_600_000_000))
    return F.timestamp_micros(F.unix_micros(last) - into_hour)


def _just_before(instant: str) -> Column:
    return F.col(instant) - F.expr("INTERVAL 1 MILLISECOND")
