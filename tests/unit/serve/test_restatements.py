"""What a later commit changed in rows of a gold table that were there, by how much, and why."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from typer.testing import CliRunner

from cli.main import app
from headrace.errors import UnknownName, UsageError
from headrace.lake.delta_rs import overwrite
from headrace.lake.paths import Paths
from headrace.serve.restatements import ColumnChange, NewRows, restatements
from headrace.settings import Settings, get_settings

FIRST, SECOND, THIRD = (date(2024, 1, day) for day in (1, 2, 3))


class Lake:
    """A table of gold and what it is made from, in a lake of their own."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.days, self.strokes = (
            Paths.of("pumps", settings).table(*each)
            for each in (("gold", "pump_days"), ("silver", "strokes"))
        )
        self.upstream = -1

    def came(self, rows: int) -> None:
        """New rows of silver."""
        overwrite(self.strokes, pa.table({"bar": [1.0] * rows}), note={"run": "s"}, partition=None, only=None)
        self.upstream += 1

    def made(
        self,
        run: str,
        *rows: tuple[str, date, int, float | None],
        only: list[date] | None = None,
        code: str = "c1",
    ) -> None:
        """The days are written by a run, some of them anew."""
        names = ("pump_id", "stroke_date", "stroke_count", "highest_bar")
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        held = pa.table({**columns, "_run": [run] * len(rows)})
        note = {"run": run, "made_from": {"upstream": {"strokes": self.upstream}, "code": code}}
        days = None if only is None else [str(day) for day in only]
        overwrite(self.days, held, note=note, partition="stroke_date", only=days)

    def restated(self, **chosen: object) -> list:
        return restatements("pumps", "pump_days", settings=self.settings, **chosen)


@pytest.fixture
def lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    monkeypatch.setenv("HEADRACE_HOME", str(settings.home))
    get_settings.cache_clear()
    lake = Lake(settings)
    lake.came(10)
    lake.made("r1", ("P1", FIRST, 3, 5.0), ("P2", FIRST, 2, 4.0), ("P1", SECOND, 1, 1.0))
    yield lake
    get_settings.cache_clear()


def test_rows_that_say_something_else_are_restated_by_so_much_and_because_rows_came(lake):
    lake.came(4)
    lake.made("r2", ("P1", FIRST, 4, 7.5), ("P2", FIRST, 2, 4.0), ("P3", FIRST, 1, 1.0), only=[FIRST])
    (found,) = lake.restated()
    assert (found.version, found.run, found.partitions) == (1, "r2", ("2024-01-01",))
    assert (found.restated, found.added, found.gone) == (1, 1, 0)
    assert found.columns == (
        ColumnChange("highest_bar", 1, 5.0, 7.5, 2.5),
        ColumnChange("stroke_count", 1, 3, 4, 1),
    )
    assert found.new_rows == (NewRows("silver.strokes", 0, 1, 4),)
    assert found.why == "4 rows came into silver.strokes"
    assert found.samples == (
        {"pump_id": "P1", "stroke_date": FIRST, "stroke_count": [3, 4], "highest_bar": [5.0, 7.5]},
    )


def test_a_day_that_is_new_restates_nothing(lake):
    lake.came(2)
    lake.made("r2", ("P1", THIRD, 9, 9.0), only=[THIRD])
    assert lake.restated() == []


def test_the_same_rows_written_again_restate_nothing_and_nor_do_sums_in_another_order(lake):
    lake.made("r2", ("P2", FIRST, 2, 4.0 + 4e-10), ("P1", FIRST, 3, 5.0), only=[FIRST])
    assert lake.restated() == []


def test_a_row_that_is_there_no_more_is_gone(lake):
    lake.made("r2", ("P1", FIRST, 3, 5.0), only=[FIRST])
    (found,) = lake.restated()
    assert (found.restated, found.added, found.gone, found.why) == (0, 0, 1, "not told by the commit")


def test_a_null_that_becomes_a_number_is_a_change(lake):
    lake.made("r2", ("P1", FIRST, 3, None), ("P2", FIRST, 2, 4.0), only=[FIRST])
    lake.made("r3", ("P1", FIRST, 3, 5.0), ("P2", FIRST, 2, 4.0), only=[FIRST])
    assert [each.columns for each in lake.restated()] == [
        (ColumnChange("highest_bar", 1, 5.0, None, None),),
        (ColumnChange("highest_bar", 1, None, 5.0, None),),
    ]


def test_changed_code_is_a_cause_and_the_oldest_comes_first(lake):
    lake.made("r2", ("P1", FIRST, 4, 5.0), ("P2", FIRST, 2, 4.0), ("P1", SECOND, 1, 1.0), code="c2")
    lake.came(1)
    lake.made("r3", ("P1", SECOND, 2, 1.0), only=[SECOND], code="c2")
    found = lake.restated()
    assert [(each.run, each.why) for each in found] == [
        ("r2", "its code changed"),
        ("r3", "1 rows came into silver.strokes"),
    ]
    assert found[0].partitions == ("2024-01-01", "2024-01-02")


def test_only_what_was_written_since_is_looked_at(lake):
    lake.made("r2", ("P1", FIRST, 4, 5.0), ("P2", FIRST, 2, 4.0), only=[FIRST])
    lake.made("r3", ("P1", SECOND, 2, 1.0), only=[SECOND])
    written = DeltaTable(lake.days).history(1)[0]["timestamp"]
    since = datetime.fromtimestamp(written / 1000, UTC)
    assert [each.run for each in lake.restated(since=since)] == ["r3"]
    assert lake.restated(since=datetime(2100, 1, 1)) == []


def test_only_the_partitions_that_were_written_are_read(lake):
    """The files of the other days may be gone."""
    for file in Path(lake.days, "stroke_date=2024-01-02").iterdir():
        file.unlink()
    lake.made("r2", ("P1", FIRST, 4, 5.0), ("P2", FIRST, 2, 4.0), only=[FIRST])
    (found,) = lake.restated()
    assert (found.restated, found.unreadable) == (1, "")


def test_where_the_files_before_are_gone_that_is_told(lake):
    lake.made("r2", ("P1", FIRST, 4, 5.0), ("P2", FIRST, 2, 4.0), only=[FIRST])
    DeltaTable(lake.days).vacuum(retention_hours=0, dry_run=False, enforce_retention_duration=False)
    (found,) = lake.restated()
    assert found.unreadable == "1 of the 2 files that it wrote and replaced are removed"
    assert found.restated == 0


def test_sorted_and_joined_files_restate_nothing(lake):
    lake.made("r2", ("P1", THIRD, 4, 5.0), only=[THIRD])
    DeltaTable(lake.days).optimize.z_order(["pump_id"])
    assert lake.restated() == []


def test_a_table_that_is_not_there_is_named(lake):
    with pytest.raises(UnknownName, match="no gold table named 'pump_dayz'; did you mean pump_days"):
        restatements("pumps", "pump_dayz", settings=lake.settings)
    with pytest.raises(UsageError, match=r"pumps\.open_orders is not made yet"):
        restatements("pumps", "open_orders", settings=lake.settings)


def typed(*words: str) -> str:
    done = CliRunner().invoke(app, ["restatements", *words])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_they_are_shown_as_text_and_as_json(lake):
    assert typed("pumps.pump_days").strip() == "Nothing was restated."
    lake.came(4)
    lake.made("r2", ("P1", FIRST, 4, 5.0), ("P2", FIRST, 2, 4.0), only=[FIRST])
    said = typed("pumps.gold.pump_days")
    assert "run r2, 2024-01-01" in said
    assert "1 rows restated, 0 added, 0 gone" in said
    assert "because 4 rows came into silver.strokes" in said
    assert "pump_id P1, stroke_date 2024-01-01, stroke_count 3 → 4" in said
    (told,) = json.loads(typed("pumps.pump_days", "--json"))
    assert (told["restated"], told["why"]) == (1, "4 rows came into silver.strokes")
    assert told["columns"] == [{"column": "stroke_count", "rows": 1, "before": 3, "after": 4, "largest": 1}]
    assert told["samples"] == [{"pump_id": "P1", "stroke_date": "2024-01-01", "stroke_count": [3, 4]}]
    assert typed("pumps.pump_days", "--samples", "0").count("→") == 0
