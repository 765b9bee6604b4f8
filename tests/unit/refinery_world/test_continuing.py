"""A day made by itself is the same day."""

from collections.abc import Callable

import pandas as pd
import pytest

from tests.unit.refinery_world.conftest import DAYS

Made = Callable[..., pd.DataFrame]


@pytest.mark.parametrize(
    ("table", "time"),
    [
        ("tank_inventory", "measurement_timestamp"),
        ("production_output", "production_hour"),
        ("quality_tests", "test_datetime"),
        ("crude_shipments", "updated_at"),
        ("production_plans", "published_at"),
        ("market_prices", "priced_at"),
        ("product_liftings", "finished_at"),
    ],
)
def test_days_made_one_by_one_are_the_days_made_at_once(table: str, time: str, made: Made) -> None:
    order = [made(table).columns[0], time]
    whole = made(table).sort_values(order, ignore_index=True)
    first, rest = made(table, 0, DAYS - 1), made(table, DAYS - 1, DAYS)
    assert len(rest) > 0
    joined = pd.concat([first, rest]).sort_values(order, ignore_index=True)
    pd.testing.assert_frame_equal(joined, whole, check_dtype=False)
