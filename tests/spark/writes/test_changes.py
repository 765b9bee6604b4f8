"""A change feed ends in what its log says. Any sequence of changes is in test_any_sequence.py."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from headrace.lake import ledger, log
from headrace.lake.paths import deleted_of
from headrace.lake.session import session_for
from headrace.refine.silver import RECYCLED, _recycled, recycle_what_waited
from headrace.tables import Changes
from headrace.writes.batch import Batch
from headrace.writes.changes import NEVER_INSERTED, ChangesWay
from tests.spark.writes.conftest import Feed, Killed, Row, dies

SENT = datetime(2024, 1, 1)


def change(key: str, at: tuple[int, int], op: str, passengers: int = 1) -> Row:
    return {
        "booking_id": key, "op": op, "log_file": at[0], "log_position": at[1], "vessel_id": "V1",
        "passengers": passengers, "before": {"booking_id": key},
    }  # fmt: skip


def arriving(rows: list[Row], after: int = 0) -> list[Row]:
    """As bronze has them, in this order."""
    stamps = ({"_source": "f", "_offset": after + place, "_sent_at": SENT + timedelta(seconds=after + place)}
              for place in range(len(rows)))  # fmt: skip
    return [row | stamp | {"_ingested_at": SENT} for row, stamp in zip(rows, stamps, strict=True)]


def test_a_deleted_key_stays_deleted_and_its_key_may_be_used_again(feed_of: Any) -> None:
    bookings: Feed = feed_of("bookings")
    bookings.takes(
        arriving([change("B1", (1, 1), "c"), change("B2", (1, 2), "c"), change("B1", (1, 5), "d")])
    )
    late = [change("B1", (1, 3), "u"), change("B3", (1, 9), "d")]
    assert bookings.takes(arriving(late, 10))["superseded"] == 1
    assert bookings.stored("booking_id") == [("B2",)]
    again = [change("B1", (1, 5), "d"), change("B1", (2, 0), "c", 7), change("B3", (1, 8), "c")]
    counts = bookings.takes(arriving(again, 20))
    assert (counts["replayed"], counts["applied"], counts["superseded"]) == (1, 1, 1)
    assert bookings.stored("booking_id", "passengers") == [("B1", 7), ("B2", 1)]
    assert "before" not in bookings.spark.read.format("delta").load(bookings.edge.target).columns


@pytest.mark.parametrize(("step", "of"), [("_remember_deleted", ChangesWay), ("merge", Batch)])
def test_a_batch_killed_half_way_is_done_again_to_the_same_end(
    feed_of: Any, monkeypatch: pytest.MonkeyPatch, step: str, of: type
) -> None:
    bookings: Feed = feed_of("bookings", Changes(unknown="set aside"))
    bookings.takes(arriving([change("B1", (1, 1), "c"), change("B2", (1, 1), "c")]))
    batch = arriving(
        [
            change("B1", (1, 2), "d"),
            change("B2", (1, 2), "u", 5),
            change("B3", (1, 1), "u"),
            change("B4", (1, 1), "c"),
        ],
        10,
    )

    with monkeypatch.context() as patch:
        patch.setattr(of, step, dies)
        with pytest.raises(Killed):
            bookings.takes(batch)
    assert bookings.edge.started(bookings.last) is not None
    counts = bookings.takes(batch, bookings.last)
    expected = {
        "applied": 3,
        "before-images": 0,
        "superseded": 0,
        "replayed": 0,
        "rejected": 1,
        "added": 1,
        "deleted": -1,
    }
    assert counts == expected
    assert bookings.takes(batch, bookings.last) == expected
    assert bookings.stored("booking_id", "passengers") == [("B2", 5), ("B4", 1)]
    assert log.row_count(bookings.edge.paths.table("silver", deleted_of("bookings"))) == 1
    (aside,) = bookings.spark.read.format("delta").load(bookings.edge.rejected).collect()
    assert (aside["booking_id"], aside["_reasons"]) == ("B3", [NEVER_INSERTED])


def test_changes_that_were_set_aside_are_recycled_by_their_place_in_the_log(
    feed_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their inserts come after them; one of them is late by then, and one is a delete. The first recycling is killed
    between the tombstones and the table."""
    bookings: Feed = feed_of("bookings", Changes(unknown="set aside"))
    early = [
        change("B0", (1, 1), "c"),
        change("B1", (1, 5), "u", 5),
        change("B2", (1, 7), "d"),
        change("B3", (1, 3), "u", 3),
        change("B4", (1, 2), "u"),
    ]
    inserts = [change(f"B{number}", (1, 1), "c") for number in (1, 2, 3)] + [change("B3", (1, 9), "u", 9)]
    counts = [bookings.takes(arriving(early)), bookings.takes(arriving(inserts, 10))]
    again = replace(bookings.edge, app_suffix=RECYCLED)

    def recycles() -> int:
        return _recycled(session_for(bookings.spark, rows=0), again)

    with monkeypatch.context() as patch:
        patch.setattr(Batch, "merge", dies)
        with pytest.raises(Killed):
            recycles()
    assert [recycles(), recycles()] == [3, 0]
    (entry,) = ledger.entries(bookings.edge.paths, "silver", "bookings")
    assert entry.counts == {
        "applied": 2, "before-images": 0, "superseded": 1, "replayed": 0, "rejected": -3, "recycled": 3,
        "added": 0, "deleted": -1,
    }  # fmt: skip
    counts += [entry.counts, bookings.takes(arriving([change("B2", (1, 6), "u")], 20))]
    assert counts[-1]["superseded"] == 1
    assert bookings.stored("booking_id", "passengers") == [("B0", 1), ("B1", 5), ("B3", 9)]
    assert sum(each["added"] + each["deleted"] for each in counts) == log.row_count(bookings.edge.target)
    aside = bookings.spark.read.format("delta").load(bookings.edge.rejected)
    assert [row["booking_id"] for row in aside.collect()] == ["B4"]


def test_changes_whose_insert_comes_in_a_later_file_pass_without_being_asked_for(feed_of: Any) -> None:
    bookings: Feed = feed_of("bookings", Changes(unknown="set aside"))
    bookings.takes(
        arriving([change("B1", (1, 7), "d"), change("B2", (1, 5), "u", 5), change("B3", (1, 2), "u")])
    )
    assert not bookings.edge.way.rejected_may_pass(bookings.edge)
    bookings.takes(arriving([change("B1", (1, 1), "c"), change("B2", (1, 1), "c")], 10))
    assert bookings.stored("booking_id", "passengers") == [("B1", 1), ("B2", 1)]
    recycle_what_waited(lambda: session_for(bookings.spark, rows=0), bookings.edge)
    assert bookings.stored("booking_id", "passengers") == [("B2", 5)]
    aside = bookings.spark.read.format("delta").load(bookings.edge.rejected)
    assert [row["booking_id"] for row in aside.collect()] == ["B3"]
    assert not bookings.edge.way.rejected_may_pass(bookings.edge)
