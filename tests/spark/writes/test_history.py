"""Versions by a column of the source, and keys that snapshots leave out, against a slow reading in Python."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.tables import History
from headrace.writes.edge import Edge
from tests.spark.writes.conftest import Feed, Killed, Row, dies

START = datetime(2024, 1, 1)
EVER = datetime(9999, 12, 31)
Version = tuple[str, str, datetime, datetime]


def vessel(key: str | None, name: str, sent: int, file: str = "f", seats: int = 10) -> Row:
    return {
        "vessel_id": key, "vessel_name": name, "seats": seats, "_raw": None if key else "x",
        "_sent_at": START + timedelta(days=sent), "_source": f"{file}{sent}",
    }  # fmt: skip


def comes(feed: Feed, rows: Sequence[Row], bronze_batch: int) -> list[Row]:
    """Puts rows into bronze, in one commit, and gives them back as they lie there."""
    stamp = START + timedelta(days=1000 + bronze_batch)
    stamped = [row | {"_offset": place, "_ingested_at": stamp} for place, row in enumerate(rows)]
    feed.frame(stamped).write.format("delta").mode("append").save(feed.edge.bronze)
    return stamped


def versions(feed: Feed) -> list[Version]:
    found = feed.stored("vessel_id", "vessel_name", "effective_from", "effective_to")
    current = feed.spark.read.format("delta").load(feed.edge.target).where("is_current")
    assert current.where(F.col("effective_to") < "9999-12-31").count() == 0
    return [(key, name, since, until) for key, name, since, until in found]


def by_snapshots(rows: list[Row]) -> list[Version]:
    """Day by day: who is listed, who is not, and what is said of those that pass."""
    days = sorted({row["_sent_at"] for row in rows})
    readable = [day for day in days if all(row["vessel_id"] for row in rows if row["_sent_at"] == day)]
    found: list[Version] = []
    for key in sorted({row["vessel_id"] for row in rows if row["vessel_id"]}):
        mine = {
            row["_sent_at"]: row for row in sorted((r for r in rows if r["vessel_id"] == key), key=_passes)
        }
        open_: tuple[str, datetime] | None = None
        for day in days:
            row = mine.get(day)
            if row is None and day in readable and open_:
                found.append((key, *open_, day))
                open_ = None
            elif row is not None and _passes(row) and (open_ is None or open_[0] != row["vessel_name"]):
                if open_:
                    found.append((key, *open_, day))
                open_ = (row["vessel_name"], day)
        if open_:
            found.append((key, *open_, EVER))
    return sorted(found)


def _passes(row: Row) -> bool:
    return row["seats"] > 0


def test_snapshots_in_any_order_and_any_batches_close_exactly_the_keys_they_leave_out(feed_of: Any) -> None:
    vessels, dice = feed_of("vessels"), random.Random(7)
    listed = {
        day: [
            vessel(f"V{key}", dice.choice("ab"), day, seats=dice.choice([10] * 9 + [-1]))
            for key in range(15)
            if dice.random() < 0.8
        ]
        + [vessel(None, "", day)] * (day == 5)
        for day in range(1, 13)
    }
    days, came, stored = list(listed), [], 0
    dice.shuffle(days)
    for number, group in enumerate((days[:5], days[5:])):
        rows = comes(vessels, [row for day in group for row in listed[day]], number)
        came += rows
        cut = dice.randrange(1, len(rows))
        for part in (rows[:cut], rows[cut:]):
            counts = vessels.takes(part)
            stored += counts["opened"] + counts["reclassified"]
            assert stored == log.row_count(vessels.edge.target)
        assert versions(vessels) == by_snapshots(came)
    vessels.takes(comes(vessels, came[-10:], 9))  # again
    assert versions(vessels) == by_snapshots(came)


def test_the_second_file_of_a_snapshot_opens_again_whom_the_first_left_out(feed_of: Any) -> None:
    vessels: Feed = feed_of("vessels")
    vessels.takes(comes(vessels, [vessel("V1", "a", 1), vessel("V2", "a", 1)], 1))
    first, second = [vessel("V1", "a", 2)], [vessel("V2", "a", 2, "g")]
    vessels.takes(comes(vessels, first, 2))
    assert [found[3] for found in versions(vessels)] == [EVER, START + timedelta(days=2)]
    vessels.takes(comes(vessels, second, 3))
    assert [found[3] for found in versions(vessels)] == [EVER, EVER]


def test_a_snapshot_killed_after_its_rejects_closes_the_same_keys_when_it_is_done_again(
    feed_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next snapshot is in bronze by then, and must not be seen before its turn."""
    vessels: Feed = feed_of("vessels")
    came = comes(vessels, [vessel(key, "a", 1) for key in ("V1", "V2", "V3")], 1)
    vessels.takes(came)
    batch = comes(vessels, [vessel("V1", "b", 2), vessel("V3", "a", 2, seats=-1)], 2)
    with monkeypatch.context() as patch:
        patch.setattr(Edge, "merge", dies)
        with pytest.raises(Killed):
            vessels.takes(batch)
    assert vessels.edge.started(vessels.last) is not None
    following = comes(vessels, [vessel("V2", "a", 3)], 3)
    expected = {"rejected": 1, "opened": 1, "unchanged": 0, "reclassified": 0}
    assert vessels.takes(batch, vessels.last) == expected
    assert vessels.takes(batch, vessels.last) == expected
    assert versions(vessels) == by_snapshots([*came, *batch])
    assert log.row_count(vessels.edge.rejected) == 1
    vessels.takes(following)
    assert versions(vessels) == by_snapshots([*came, *batch, *following])


def test_a_version_holds_from_the_instant_that_the_source_names(feed_of: Any) -> None:
    dues, dice = feed_of("harbour_dues", History(effective="month")), random.Random(3)
    dues.has_vessels("V1")
    rows = [
        {
            "due_id": f"D{key}", "month": datetime(2024, dice.randrange(1, 13), 1).date(), "vessel_id": "V1",
            "amount": float(dice.randrange(3)), "_sent_at": START + timedelta(days=sent), "_source": f"f{sent}",
        }
        for key in range(30) for sent in dice.sample(range(200), 8)
    ]  # fmt: skip
    rows.append(rows[0] | {"month": None})
    dice.shuffle(rows)
    for number, part in enumerate((rows[:100], rows[100:110], rows[110:])):
        dues.takes(comes(dues, part, number))
    last: dict[tuple[str, Any], Row] = {}
    for row in sorted(rows, key=lambda row: row["_sent_at"]):
        last[row["due_id"], row["month"]] = row
    expected = []
    for key in sorted({row["due_id"] for row in rows}):
        mine = sorted((r for (k, m), r in last.items() if k == key and m), key=lambda row: row["month"])
        changes = [
            row
            for before, row in zip([None, *mine], mine, strict=False)
            if not before or before["amount"] != row["amount"]
        ]
        starts = [datetime(2024, row["month"].month, 1) for row in changes]
        expected += [
            (key, row["amount"], since, until)
            for row, since, until in zip(changes, starts, [*starts[1:], EVER], strict=True)
        ]
    assert dues.stored("due_id", "amount", "effective_from", "effective_to") == sorted(expected)


@pytest.mark.parametrize("arrives", [{"sends": "snapshot", "topic": "t"}])
def test_snapshots_by_a_topic_are_refused(feed_of: Any, arrives: dict[str, Any]) -> None:
    from headrace.errors import UsageError

    edge = feed_of("vessels").edge
    by_topic = edge.contract.model_copy(update={"arrives": edge.contract.arrives.model_copy(update=arrives)})
    with pytest.raises(UsageError, match="each message would be a snapshot"):
        edge.way.check(edge.node, by_topic)
