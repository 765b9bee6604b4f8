"""Where nothing is new, nothing is started; where everything seems new that is not, nothing is read."""

from dataclasses import replace
from pathlib import Path

import pytest

from headrace.errors import UsageError
from headrace.refine import run
from headrace.refine.run import has_news
from tests.spark.refine.conftest import PumpStation, stroke


def test_a_run_with_nothing_new_starts_no_spark(
    station: PumpStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    station.lands_parents()
    station.lands("strokes", [stroke(1)])
    assert has_news("pumps", station.settings)
    station.refine()
    assert not has_news("pumps", station.settings)

    def started(_: object) -> None:
        raise AssertionError("Spark was started for nothing")

    monkeypatch.setattr(run, "get_spark", started)
    again = station.refine()
    assert all(each.rows_in == 0 and not any(each.counts.values()) for each in again.tables)
    station.lands("strokes", [stroke(2)], "20240103T000000")
    assert has_news("pumps", station.settings)


def test_rows_of_bronze_that_wait_for_silver_are_news(station: PumpStation) -> None:
    station.lands_parents()
    station.refine(layers=["bronze"])
    assert has_news("pumps", station.settings)


def test_a_landing_folder_that_moved_is_refused_rather_than_read_again(station: PumpStation) -> None:
    station.lands_parents()
    station.refine()
    landing = Path(station.paths.landing("pumps")).parents[1]
    moved = landing.with_name("moved")
    landing.rename(moved)
    elsewhere = replace(station, settings=station.settings.model_copy(update={"landing_url": str(moved)}))
    elsewhere.lands("pumps", ["P9,S1,4,true"], "20240109T000000")
    with pytest.raises(UsageError, match=r"are now looked for in .*moved"):
        elsewhere.refine()
    assert elsewhere.table("bronze", "pumps").count() == 2
