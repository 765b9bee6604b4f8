"""Small files are joined and second copies taken out while the job stands; nothing is taken twice for that."""

import time
from collections.abc import Callable
from threading import Event, Thread

import pytest

from headrace.lake import log
from headrace.lake.compaction import join_small_files
from headrace.lake.delta_rs import live_files
from headrace.live import maintenance
from headrace.live.standing import stand
from headrace.operate.maintain import dedupe
from headrace.operate.receipt import receipt
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


def until(holds: Callable[[], object], within: float = 120) -> None:
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.1)


def joins(live: LiveStation, layer: str) -> int:
    table = live.paths.table(layer, "strokes")
    commits = [log.commit(table, version) for version in range(log.version(table) + 1)]
    return sum(commit is not None and maintenance.NOTE in commit.note for commit in commits)


def test_files_are_joined_and_copies_taken_out_between_batches(
    live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(maintenance, "LOOK_EVERY", 0.1)
    monkeypatch.setattr(maintenance, "TABLES_EVERY", 0.1)
    settings = live.settings.model_copy(update={"join_files": 3, "trigger_seconds": 0.0})
    silver = live.paths.table("silver", "strokes")
    stop = Event()
    job = Thread(target=stand, args=("pumps", settings, stop))
    job.start()
    try:
        for number in range(1, 5):
            live.sends(stroke(number))
            until(lambda number=number: log.row_count(silver) == number)
        until(lambda: joins(live, "bronze") and joins(live, "silver"))
        live.sends(stroke(1, stroke_at="2024-01-01T15:00:00"))
        until(lambda: log.row_count(silver) == 5)
        (found,) = dedupe("pumps", settings=settings)
        assert found.removed == {"2024-01-01": 1}
        live.sends(stroke(5))
        until(lambda: log.row_count(silver) == 5)
    finally:
        stop.set()
        job.join(timeout=120)
    stored = live.table("silver", "strokes").select("stroke_id", "stroke_at").collect()
    assert sorted(row.stroke_id for row in stored) == ["K1", "K2", "K3", "K4", "K5"]
    assert all(row.stroke_at.hour == 10 for row in stored)
    assert len(live_files(live.paths.table("bronze", "strokes"))) < 6
    receipt("pumps", settings).check()


def test_a_job_killed_right_after_files_were_joined_goes_on_where_it_was(live: LiveStation) -> None:
    for number in (1, 2):
        live.sends(stroke(number))
        live.stands()
    for layer in ("bronze", "silver"):
        assert join_small_files(live.paths.table(layer, "strokes"), 2, {}, commit=lambda work: work())
    live.sends(stroke(2), stroke(3))
    live.stands()
    assert sorted(row.stroke_id for row in live.table("silver", "strokes").collect()) == ["K1", "K2", "K3"]
    receipt("pumps", live.settings).check()
