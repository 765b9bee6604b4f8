"""Dropped files while the job stands: the same tables as the topic's, each file once, whoever was killed when."""

import time
from collections.abc import Callable
from threading import Event, Thread

import pytest

from headrace.lake import log
from headrace.live.heartbeat import Heartbeat
from headrace.live.standing import StandingOptions, stand
from headrace.operate.receipt import receipt
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


class Killed(Exception):
    pass


def until(holds: Callable[[], bool], job: Thread) -> None:
    while not holds():
        assert job.is_alive()
        time.sleep(0.2)


def test_files_and_messages_come_into_one_table_while_the_job_stands(live: LiveStation) -> None:
    stop, ended = Event(), list[Heartbeat]()
    job = Thread(target=lambda: ended.append(stand("pumps", live.settings, stop)))
    job.start()
    silver, bronze = (live.paths.table(layer, "strokes") for layer in ("silver", "bronze"))
    try:
        live.drops("strokes", "strokes_1.json", [stroke(1), stroke(2)])
        live.sends(stroke(2), stroke(3))
        until(lambda: log.row_count(silver) == 3 and log.row_count(bronze) == 4, job)
        live.sends(stroke(4))
        live.drops("strokes", "strokes_2.json", [stroke(4), stroke(5, bar=-1), stroke(6, extra="x")])
        until(lambda: log.row_count(silver) == 4 and log.row_count(bronze) == 8, job)
    finally:
        stop.set()
        job.join(timeout=120)
    flows = {flow.table: flow.rows for flow in ended[0].flows}
    assert (ended[0].state, flows) == ("stopped", {"strokes": 3, "strokes (files)": 5})
    live.drops("strokes", "strokes_1.json", [stroke(1), stroke(2)])
    live.stands()
    live.refine()
    assert log.row_count(bronze) == 8
    reasons = {row.stroke_id: row._reasons for row in live.rejected("strokes").collect()}
    assert reasons == {"K5": ["bar is impossible"], "K6": ["a field is unreadable or unexpected"]}
    receipt("pumps", live.settings).check()


def test_files_alone_need_no_broker_and_what_a_killed_job_stored_is_judged_by_whoever_is_next(
    live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = live.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})

    def killed(*_: object) -> None:
        raise Killed

    live.drops("strokes", "strokes_1.json", [stroke(1), stroke(2, bar=-1)])
    with monkeypatch.context() as patch:
        patch.setattr("headrace.live.source_loop.SilverSink._into", killed)
        with pytest.raises(Killed):
            stand("pumps", nowhere, Event(), StandingOptions(until_empty=True, ways=("files",)))
    assert live.table("bronze", "strokes").count() == 2
    live.drops("strokes", "strokes_2.json", [stroke(3)])
    by_setting = nowhere.model_copy(update={"live_sources": "files"})
    stand("pumps", by_setting, Event(), StandingOptions(until_empty=True))
    assert sorted(row.stroke_id for row in live.table("silver", "strokes").collect()) == ["K1", "K3"]
    assert live.table("bronze", "strokes").count() == 3
    receipt("pumps", live.settings).check()
