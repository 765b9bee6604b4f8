"""A change feed, cut into batches anyhow, ends in what its log says; a slow reading of it in Python agrees."""

import random
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from headrace.lake import ledger, log
from headrace.lake.paths import deleted_of
from headrace.lake.session import session_for
from headrace.refine.silver import RECYCLED, _recycled
from headrace.tables import Changes
from headrace.writes.changes import NEVER_INSERTED, ChangesWay
from headrace.writes.edge import Edge
from tests.spark.writes.conftest import Feed, Killed, Row, dies

SENT = datetime(2024, 1, 1)
IMAGE = "b"


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


def history_of(key: str, dice: random.Random) -> list[Row]:
    """Inserts, updates with their before-images and deletes of one key, mostly in a sensible sequence."""
    at, alive, rows = (dice.randrange(3), 0), False, []
    for _ in range(dice.randrange(1, 12)):
        at = (at[0] + 1, dice.randrange(9)) if dice.random() < 0.3 else (at[0], at[1] + dice.randrange(1, 5))
        op = dice.choice("uuud") if alive else "c" if dice.random() < 0.85 else dice.choice("ud")
        if op == "u" and dice.random() < 0.5:
            rows.append(change(key, at, IMAGE, 0))
        rows.append(change(key, at, op, dice.randrange(100)))
        alive = op != "d"
    return rows


def feed(seed: int, keys: int = 40) -> list[list[Row]]:
    """All rows somewhat out of order, some of them twice, some broken, in batches of any size."""
    dice = random.Random(seed)
    rows = [row for number in range(keys) for row in history_of(f"B{number}", dice)]
    rows += [dice.choice(rows) for _ in range(len(rows) // 6)]
    rows += [change("B1", (1, 1), "x"), change("B2", (1, 1), "c") | {"log_position": None}]
    place = {id(row): row["log_file"] * 10 + dice.randrange(60) for row in rows}
    came = arriving(sorted((dict(row) | {"_at": place[id(row)]} for row in rows), key=lambda row: row["_at"]))
    cuts = sorted(dice.sample(range(1, len(came)), 2))
    return [came[a:b] for a, b in zip([0, *cuts], [*cuts, len(came)], strict=True)]


class Log:
    """The slow reading: one row after the other."""

    def __init__(self, *, keeps_unknown: bool) -> None:
        self.keeps_unknown = keeps_unknown
        self.order: dict[str, tuple[int, int]] = {}
        self.rows: dict[str, int] = {}

    def take(self, batch: list[Row]) -> Counter[str]:
        readable = [row for row in batch if row["op"] in "crudb" and row["log_position"] is not None]
        counts, seen = Counter(rejected=len(batch) - len(readable)), set()
        inserts: dict[str, tuple[int, int]] = {}
        for row in readable:
            if row["op"] in "cr":
                inserts[row["booking_id"]] = min(inserts.get(row["booking_id"], _at(row)), _at(row))
        applied = []
        for row in readable:
            key, known = row["booking_id"], self.order.get(row["booking_id"])
            never = known is None and not (key in inserts and inserts[key] <= _at(row))
            if row["op"] == IMAGE:
                counts["before-images"] += 1
            elif row["op"] in "ud" and never and not self.keeps_unknown:
                counts["rejected"] += 1
            elif (key, _at(row)) in seen or known == _at(row):
                counts["replayed"] += 1
            elif known is not None and _at(row) < known:
                counts["superseded"] += 1
                seen.add((key, _at(row)))
            else:
                counts["applied"] += 1
                seen.add((key, _at(row)))
                applied.append(row)
        for row in sorted(applied, key=_at):
            self.order[row["booking_id"]] = _at(row)
            self.rows.pop(row["booking_id"], None)
            if row["op"] != "d":
                self.rows[row["booking_id"]] = row["passengers"]
        return counts


def _at(row: Row) -> tuple[int, int]:
    return row["log_file"], row["log_position"]


@pytest.mark.parametrize(("seed", "unknown"), [(1, "keep"), (2, "set aside")])
def test_any_feed_in_any_batches_ends_as_its_log_says(feed_of: Any, seed: int, unknown: Any) -> None:
    bookings: Feed = feed_of("bookings", Changes(unknown=unknown, before=IMAGE))
    slow, rows = Log(keeps_unknown=unknown == "keep"), 0
    for batch in feed(seed):
        counts = bookings.takes(batch)
        expected = slow.take(batch)
        assert {term: counts[term] for term in bookings.edge.way.terms} == {
            term: expected[term] for term in bookings.edge.way.terms
        }
        rows += counts["added"] + counts["deleted"]
        assert rows == log.row_count(bookings.edge.target) == len(slow.rows)
    assert bookings.stored("booking_id", "passengers") == sorted(slow.rows.items())


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


@pytest.mark.parametrize(("step", "of"), [("_remember_deleted", ChangesWay), ("merge", Edge)])
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
        patch.setattr(Edge, "merge", dies)
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
