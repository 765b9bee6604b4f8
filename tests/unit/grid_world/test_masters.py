"""Masters are histories: each row holds from its day on, and jobs in the logs are the changes that masters tell of."""

from datetime import date

import pandas as pd
import pytest

from tests.unit.grid_world.conftest import Grid


@pytest.fixture(scope="module")
def season() -> Grid:
    """Half of the seed's grid over seventy days."""
    return Grid(0.5, days=70)


@pytest.fixture(scope="module")
def versions(season: Grid) -> pd.DataFrame:
    return season.rows("transformer_master")


@pytest.mark.parametrize(
    ("table", "key"), [("transformer_master", "transformer_id"), ("customer_master", "customer_id")]
)
def test_a_row_differs_from_another_of_its_day_in_nothing(season: Grid, table: str, key: str) -> None:
    """What was sent again after a late one is the same row."""
    rows = season.rows(table)
    changed = rows.groupby(key).record_effective_date.nunique()

    assert (rows.drop_duplicates().groupby([key, "record_effective_date"]).size() == 1).mean() > 0.995
    assert (changed > 1).mean() > 0.3


def test_versions_count_up_with_their_days(versions: pd.DataFrame) -> None:
    rows = versions.drop_duplicates().sort_values(["transformer_id", "record_effective_date", "scd_version"])
    steps = rows.groupby("transformer_id").scd_version.diff().dropna()

    assert (steps > 0).all()
    assert (steps == 1).mean() > 0.6
    assert rows.scd_version.min() >= 1


def test_some_versions_arrive_after_the_one_that_follows_them(versions: pd.DataFrame) -> None:
    """Rows of a transformer are in the order of the weekly looks."""
    numbers = versions.groupby("transformer_id").scd_version
    late = versions[numbers.diff() < 0]

    assert len(late) > 5
    assert (late.status == "UNDER_MAINTENANCE").mean() > 0.8


def test_maintenance_gives_back_some_health(versions: pd.DataFrame) -> None:
    rows = versions.drop_duplicates().sort_values(["transformer_id", "scd_version"])
    same = rows.transformer_id == rows.transformer_id.shift()
    maintained = same & (rows.last_maintenance_date != rows.last_maintenance_date.shift())
    gained = rows.health_index_score - rows.health_index_score.shift()

    assert maintained.sum() > 30
    assert gained[maintained].median() > 0.4
    assert gained[same & ~maintained].median() < 0.05


def test_the_last_maintenance_is_a_job_in_the_logs(season: Grid, versions: pd.DataFrame) -> None:
    logs = season.rows("maintenance_logs")
    done = set(zip(logs.transformer_id, logs.completed_date, strict=True))
    days = versions.last_maintenance_date
    recent = versions[(days > date(2025, 6, 10)) & (days < date(2025, 7, 30))]
    told = [each in done for each in zip(recent.transformer_id, recent.last_maintenance_date, strict=True)]

    assert len(told) > 30
    # a job that was open when its month was exported has no day of completion there
    assert sum(told) / len(told) > 0.75
    reported = logs[logs.maintenance_type == "PREVENTIVE"].transformer_id
    failed = logs[logs.failure_type != "NONE"].transformer_id
    assert set(recent.transformer_id) <= {*reported, *failed}


def test_each_failure_has_its_repair_in_the_logs(season: Grid) -> None:
    logs, failures = season.rows("maintenance_logs"), season.hidden("transformer_failures")
    failures = failures[failures.failed_at.between(season.world.start, pd.Timestamp("2025-07-31"))]
    repairs = set(zip(logs.transformer_id, logs.reported_date, logs.failure_type, strict=True))

    assert len(failures) > 5
    for failure in failures.itertuples():
        assert (failure.transformer_id, failure.failed_at.date(), failure.mode) in repairs


def test_logs_have_their_keys_once_and_dates_in_order(season: Grid) -> None:
    logs = season.rows("maintenance_logs")
    done = logs[logs.completed_date.notna()]

    assert logs.log_id.is_unique
    assert (logs.scheduled_date >= logs.reported_date).all()
    assert (done.completed_date >= done.scheduled_date).all()
    assert done.cost_inr.notna().all()
    assert logs.completed_date.isna().any()


def test_a_suspended_customer_reads_nothing(season: Grid) -> None:
    customers = season.rows("customer_master")
    cut = customers[customers.account_status == "SUSPENDED"].iloc[0]
    day = (pd.Timestamp(cut.record_effective_date) - pd.Timestamp(season.world.start)).days + 2
    number = int(cut.customer_id[-6:]) - 1
    readings = season.rows("smart_meter_readings", max(day, 0), max(day, 0) + 2, number, number + 1)

    assert len(readings) > 40
    assert (readings.reading_kwh == 0).mean() > 0.95  # but for a spike of the register


def test_a_month_is_exported_whole_by_the_span_in_which_it_ends(season: Grid) -> None:
    whole, parts = (
        season.rows("maintenance_logs"),
        [season.rows("maintenance_logs", *days) for days in ((0, 20), (20, 70))],
    )
    months = [{day.month for day in part.reported_date} for part in parts]

    assert months == [{2, 3, 4, 5}, {6, 7}]
    assert sorted(whole.log_id) == sorted(pd.concat(parts).log_id)
