"""What the slow readings say, written out by hand: other tests and `headrace check-history` lean on them."""

from datetime import datetime, timedelta
from typing import Any

from headrace.contracts.model import ChangeFeed
from headrace.tables import OF_HISTORY
from headrace.writes.reference import PASSES, WHEN, ChangesReference, HistoryReference, alike

START = datetime(2024, 1, 1)
BY_COLOUR = HistoryReference(("key",), OF_HISTORY, opens=("colour",), told=("colour", "load"))
FEED = ChangeFeed(operation="op", order=("file", "at"), before="b")
CHANGES = ChangesReference(("key",), FEED, ("key", "op", "file", "at", "load"), ("load",))


def day(number: int) -> datetime:
    return START + timedelta(days=number)


def row(at: int | None, colour: str, load: int = 1, sent: int = 0, **more: Any) -> dict[str, Any]:
    came = {"_sent_at": day(sent), "_ingested_at": START, "_source": "f", "_offset": None}
    return {"key": "K", "colour": colour, "load": load, WHEN: None if at is None else day(at), **came, **more}


def versions(*rows: dict[str, Any], snapshots: tuple[int, ...] = ()) -> list[tuple[Any, ...]]:
    """Each with its number, its days, and what it says."""
    found = BY_COLOUR.versions(rows, map(day, snapshots))
    assert [each["is_current"] for each in found] == [each["effective_to"] is None for each in found]
    days = [
        tuple(at and (at - START).days for at in (each["effective_from"], each["effective_to"]))
        for each in found
    ]
    return [
        (each["version"], *ends, each["colour"], each["load"]) for each, ends in zip(found, days, strict=True)
    ]


def test_a_change_of_what_opens_a_version_opens_one_and_of_the_rest_none() -> None:
    assert versions(row(1, "red"), row(3, "red", 2), row(5, "blue", 2)) == [
        (1, 1, 5, "red", 2),
        (2, 5, None, "blue", 2),
    ]


def test_a_late_row_splits_the_version_that_held_then() -> None:
    rows = [row(1, "red"), row(9, "red", 3), row(5, "blue", sent=7)]
    assert [each[:4] for each in versions(*rows)] == [
        (1, 1, 5, "red"),
        (2, 5, 9, "blue"),
        (3, 9, None, "red"),
    ]


def test_of_one_instant_the_row_counts_that_was_sent_last_and_passes() -> None:
    rows = [row(1, "red", sent=2), row(1, "blue", sent=1), row(1, "green", sent=3, **{PASSES: False})]
    assert versions(*rows) == [(1, 1, None, "red", 1)]
    later_file = row(1, "blue", sent=2, _source="g")
    assert versions(rows[0], later_file) == versions(later_file, rows[0]) == [(1, 1, None, "blue", 1)]
    assert versions(row(None, "red", **{PASSES: False})) == []


def test_a_snapshot_without_the_key_ends_its_version_and_one_with_a_row_set_aside_does_not() -> None:
    aside = {PASSES: False}
    rows = [row(1, "red"), row(2, "red", **aside), row(4, "red"), row(5, "red", **aside)]
    assert [each[:3] for each in versions(*rows, snapshots=(1, 2, 3, 4, 5, 6))] == [(1, 1, 3), (2, 4, 6)]
    assert [each[:3] for each in versions(*rows, snapshots=(1, 2, 4, 5))] == [(1, 1, None)]


def change(op: str, at: int, load: int | None = 1, file: int = 1) -> dict[str, Any]:
    return {
        "key": "K",
        "op": op,
        "file": file,
        "at": at,
        "load": load,
        "_ingested_at": START,
        "_source": "f",
        "_offset": at,
    }


def test_the_last_change_of_the_log_counts_whenever_it_came() -> None:
    rows = [change("UPDATE", 5, 7), change("INSERT", 1), change("b", 9, 0), change("UPDATE", 3, 2)]
    assert CHANGES.readings(rows) == [[{"load": 7}]]
    assert CHANGES.readings([*rows, change("DELETE", 6, None)]) == [[]]
    assert CHANGES.readings([*rows, change("DELETE", 6), change("INSERT", 0, 8, file=2)]) == [[{"load": 8}]]
    assert CHANGES.readings([change("b", 1)]) == [[]]


def test_two_changes_of_one_place_are_two_readings() -> None:
    assert CHANGES.readings([change("INSERT", 1), change("INSERT", 1, 2), change("INSERT", 1)]) == [
        [{"load": 1}],
        [{"load": 2}],
    ]


def test_the_log_counts_what_becomes_of_each_row() -> None:
    log = CHANGES.log(keeps_unknown=False)
    assert log.take([change("UPDATE", 2), change("?", 3), change("UPDATE", 4) | {"at": None}]) == {
        "rejected": 3
    }
    assert log.take([change("UPDATE", 2), change("INSERT", 1), change("b", 2)]) == {
        "rejected": 0, "applied": 2, "before-images": 1,
    }  # fmt: skip
    counts = log.take([change("UPDATE", 2), change("UPDATE", 1), change("DELETE", 0), change("DELETE", 5)])
    assert counts == {"rejected": 0, "replayed": 1, "superseded": 2, "applied": 1}
    assert log.rows == {}
    assert log.places == {("K",): (1, 5)}


def test_no_number_is_as_no_number() -> None:
    nan = float("nan")
    assert alike(nan, float("nan"))
    assert alike([1.0, nan], [1.0, float("nan")])
    assert not alike(nan, 1.0)
    assert not alike(None, 0)
