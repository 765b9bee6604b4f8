"""Topics into bronze and silver: nothing lost, nothing twice, whatever a message holds and whoever writes."""

import json
from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from headrace.contracts.rules import NOT_UTF8
from headrace.engines import Job
from headrace.engines.local import run_job
from headrace.errors import Busy, HeadraceError, UsageError
from headrace.live.standing import stand
from headrace.operate.receipt import receipt
from headrace.settings import Settings
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


class Killed(Exception):
    pass


DEEP: dict[str, Any] = {"stroke_id": "K9", "deep": {"er": [1, {"s": 2}]}}


def test_every_message_is_a_row_of_bronze_and_bad_ones_are_rejected_with_their_reason(
    live: LiveStation,
) -> None:
    live.sends(
        *(stroke(1), stroke(1), stroke(2)),
        *(b"", None, b"\xff\xfe\x00", b'{"stro', DEEP, stroke(3, bar="high")),
        *(stroke(5) | {"extra": "x" * 2_000_000}, stroke(6)),
    )
    live.sends(stroke(4, pump_id="P9"), key="P9")
    live.sends(stroke(7), stroke(8) | {"extra": 1}, key="P2")
    live.stands()
    assert live.table("bronze", "strokes").count() == 14
    good = live.table("silver", "strokes").select("stroke_id").collect()
    assert sorted(row.stroke_id for row in good) == ["K1", "K2", "K6"]
    reasons = {row._offset: (row._reasons, row._raw) for row in live.rejected("strokes").collect()}
    assert len(reasons) == 10
    malformed = [raw for reason, raw in reasons.values() if reason == ["malformed line"]]
    assert sorted(malformed) == sorted(["", "", '{"stro'])
    assert [raw for reason, raw in reasons.values() if reason == [NOT_UTF8]] == ["base64://4A"]
    unread = {raw[:20] for reason, raw in reasons.values() if "a field is unreadable or unexpected" in reason}
    assert len(unread) == 3
    disagree = [raw for reason, raw in reasons.values() if reason == ["its key is not the sender it names"]]
    named = [stroke(7), stroke(8) | {"extra": 1}]
    assert sorted(disagree) == [f"key: P2 {json.dumps(each)}" for each in named]
    assert ["pump_id refers to nothing"] in [reason for reason, _ in reasons.values()]
    receipt("pumps", live.settings).check()


def test_what_came_by_files_and_by_the_topic_is_one_table_and_each_row_counts_once(live: LiveStation) -> None:
    live.lands("strokes", [stroke(1), stroke(2)])
    live.sends(stroke(2), stroke(3))
    live.stands()
    live.refine()
    live.sends(stroke(3), stroke(4))
    live.stands()
    assert live.table("silver", "strokes").count() == 4
    lines = receipt("pumps", live.settings).check().lines
    assert sum("offsets of strokes/" in line.says for line in lines) >= 1


SPOILED: dict[str, Callable[[DataFrame], DataFrame]] = {
    "a message lost": lambda rows: rows.where("stroke_id <> 'K1'"),
    "a column made anew": lambda rows: rows.withColumn("bar", F.lit(1.0)),
    "an error": lambda rows: rows.withColumn("more", F.raise_error(F.col("stroke_id"))),
}


@pytest.mark.parametrize("spoiled", SPOILED.values(), ids=SPOILED)
def test_where_judging_would_not_leave_every_message_as_it_came_bronze_is_stored_unjudged(
    spoiled: Callable[[DataFrame], DataFrame], live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace.writes.append import AppendWay

    judging, on_the_way = AppendWay.judging, iter([True])

    def spoiling(*given: Any) -> DataFrame:
        rows = judging(*given)
        assert rows is not None
        return spoiled(rows) if next(on_the_way, False) else rows

    monkeypatch.setattr(AppendWay, "judging", spoiling)
    live.sends(stroke(1), stroke(2), stroke(2), stroke(3, bar=-1))
    live.stands()
    assert sorted(row.bar for row in live.table("bronze", "strokes").collect()) == [-1, 5, 5, 5]
    assert live.table("silver", "strokes").count() == 2
    receipt("pumps", live.settings).check()


def test_messages_that_a_killed_job_stored_but_did_not_judge_are_judged_by_whoever_is_next(
    live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    live.sends(stroke(1), stroke(2, bar=-1))

    def killed(*_: object, **__: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("headrace.live.source_loop.SilverSink._into", killed)
        with pytest.raises(Killed):
            live.stands()
    assert live.table("bronze", "strokes").count() == 2
    live.refine()
    assert live.table("silver", "strokes").count() == 1
    live.sends(stroke(3))
    live.stands()
    assert live.table("silver", "strokes").count() == 2
    receipt("pumps", live.settings).check()


def test_while_the_job_stands_its_tables_are_left_to_it_and_a_second_one_is_refused(
    live: LiveStation,
) -> None:
    stop, ended = Event(), []
    job = Thread(target=lambda: ended.append(stand("pumps", live.settings, stop)))
    job.start()
    try:
        live.sends(stroke(1))
        while not _is_running(live):
            pass
        with pytest.raises(Busy, match="standing job of pumps"):
            live.stands()
        done = run_job(Job("refine", "pumps"), live.settings).summary["tables"]
        assert "strokes" not in {each["table"] for each in done}
        assert "pump_days" in {each["table"] for each in done}
    finally:
        stop.set()
        job.join(timeout=120)
    assert ended[0].state == "stopped"
    assert live.table("silver", "strokes").count() == 1


def _is_running(live: LiveStation) -> bool:
    from headrace.live.heartbeat import last_beat

    beat = last_beat(live.paths)
    return beat is not None and any(flow.rows for flow in beat.flows)


def test_a_broker_or_topic_that_is_not_there_is_told_by_the_name_of_its_setting(live: LiveStation) -> None:
    nowhere = live.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    with pytest.raises(HeadraceError, match="HEADRACE_KAFKA_BOOTSTRAP"):
        stand("pumps", nowhere, Event())
    with pytest.raises(UsageError, match="arrives by a topic"):
        stand("valves", live.settings, Event())


def test_a_domain_that_was_never_refined_is_told_so(tmp_path, live: LiveStation) -> None:
    empty: Settings = live.settings.model_copy(update={"home": tmp_path / "empty"})
    with pytest.raises(UsageError, match="headrace refine pumps"):
        stand("pumps", empty, Event())
