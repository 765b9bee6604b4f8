"""A unit's fortnight as the table takes it, in plain pandas: no Spark."""

import pandas as pd
import pytest

from domains.refinery.gold.early_warnings import NAMES, warning_of_unit

LIMITS = {"warning_low": 10.0, "warning_high": 80.0, "critical_low": 0.0, "critical_high": 100.0}
DAYS, HOURS = 14, 14 * 24


def days_of(levels: dict[str, list[float | None]], kind: str = "Pressure", newest: int = 3) -> pd.DataFrame:
    """Each sensor with its level of each day, the same all day, the newest last."""
    rows = [
        {"unit_id": "U1", "sensor_id": sensor, "sensor_type": kind, "measurement_unit": "psi", **LIMITS}
        | {"quarter_levels": [level] * 4, "days_ago": len(of_days) - 1 - place, "newest": newest}
        for sensor, of_days in levels.items()
        for place, level in enumerate(of_days)
    ]
    return pd.DataFrame(rows)


def hours_of(stands: range = range(0), cause: str | None = None, charge: float = 100.0) -> pd.DataFrame:
    """The hours of the fortnight; `stands` counts back from the newest, which is 0."""
    ago = list(range(HOURS))
    return pd.DataFrame(
        {
            "unit_id": "U1",
            "production_hour": [pd.Timestamp("2024-01-14 23:00") - pd.Timedelta(hours=each) for each in ago],
            "downtime_minutes": [60 if each in stands else 0 for each in ago],
            "downtime_cause": [cause if each in stands else None for each in ago],
            "charge": [0.0 if each in stands else charge for each in ago],
            "stands": [each in stands for each in ago],
            "hours_ago": [float(each) for each in ago],
        }
    )


CALM = [50.0] * DAYS
RISE = [50.0] * 9 + [55.0, 60.0, 65.0, 70.0, 75.0]


def warning(levels: dict[str, list[float | None]], hours: pd.DataFrame, **told: int) -> dict[str, object]:
    found = warning_of_unit(days_of(levels, **told), hours)
    assert list(found.columns) == NAMES
    return dict(found.iloc[0])


def test_three_sensors_that_rise_are_told_with_the_one_that_is_at_its_limit_first():
    found = warning({"A": CALM, "B": RISE, "C": RISE, "D": [*RISE[:-1], 80.0]}, hours_of())
    assert (found["unit_id"], found["sign"], found["sensor_id"]) == ("U1", "STRONG", "D")
    assert found["driving_sensors"] == "Pressure 3 of 4"
    assert 24 * 20 / 10 * 0.5 < found["hours_to_critical"] < 24 * 20 / 5
    assert found["stands_since"] is None


def test_a_unit_that_stands_is_said_to_whatever_its_sensors_did_before():
    found = warning(dict.fromkeys("ABCD", RISE), hours_of(range(5), "Equipment Failure"))
    assert (found["sign"], found["downtime_cause"]) == ("STANDS", "Equipment Failure")
    assert str(found["stands_since"]) == "2024-01-14 19:00:00"
    assert found["confidence"] is None


def test_a_unit_that_was_overhauled_is_judged_by_what_came_after():
    """It stood for twelve hours until 30 hours ago; its levels are others since, and too new to be known."""
    found = warning(dict.fromkeys("ABCD", RISE), hours_of(range(30, 42), "Planned Maintenance"))
    assert (found["sign"], found["downtime_cause"]) == ("RESTARTED", "Planned Maintenance")


def test_a_short_trip_makes_nothing_new():
    assert warning(dict.fromkeys("ABCD", RISE), hours_of(range(30, 34), "Power Dip"))["sign"] == "STRONG"


def test_only_the_quarters_up_to_now_count():
    """At noon the evening has not come yet."""
    levels = {name: [*RISE[:-1], None] for name in "ABCD"}
    assert warning(levels, hours_of(), newest=1)["sign"] == "STRONG"


def test_a_unit_that_charges_much_more_than_before_is_judged_by_what_it_did_at_that_charge():
    """Its levels went with the charge, and what was usual at it is known for two days and a half only."""
    more = hours_of().assign(charge=[150.0 if ago < 60 else 100.0 for ago in range(HOURS)])
    assert warning(dict.fromkeys("ABCD", RISE), more)["sign"] == "NEW LOAD"
    little = more.assign(charge=[108.0 if ago < 60 else 100.0 for ago in range(HOURS)])
    assert warning(dict.fromkeys("ABCD", RISE), little)["sign"] == "STRONG"


@pytest.mark.parametrize("hours", [hours_of(), hours_of().head(0)])
def test_a_calm_unit_gives_no_sign_also_where_its_production_is_not_known(hours):
    found = warning(dict.fromkeys("ABCD", CALM), hours)
    assert (found["sign"], found["hours_to_critical"]) == ("NONE", None)


def test_production_without_sensors_tells_nothing():
    assert warning_of_unit(days_of({}), hours_of()).empty
