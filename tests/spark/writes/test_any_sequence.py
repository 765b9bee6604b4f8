"""Whatever comes, in whatever order and batches, the tables are as the references say.

An example is many keys at once, since a batch takes Spark seconds however small it is; what differs is told by its
rows, so nothing is made smaller. The examples are the same ones each time: for others, and more of them,
`ANY_SEQUENCE=30 pytest tests/spark/writes/test_any_sequence.py`.
"""

import os
from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from headrace.lake import log
from headrace.tables import Changes, History
from headrace.writes.reference import PASSES, ChangesReference
from tests.spark.writes.conftest import START, Feed, Row

OTHERS = int(os.environ.get("ANY_SEQUENCE", 0))
any_sequence = settings(
    max_examples=OTHERS or 2,
    derandomize=not OTHERS,
    database=None,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
SHARE = st.floats(0.1, 0.9)
STEPS = (1, 5, 7, 3, 2, 11, 13)


def many(*bounds: int) -> st.SearchStrategy[list[tuple[int, ...]]]:
    """Rows of whole numbers below these bounds, in the order of their arrival, some of them once more anywhere. Each
    number also goes on from row to row, so that the simplest example has many keys, too."""

    def spread(drawn: tuple[list[tuple[int, ...]], list[tuple[int, int]]]) -> list[tuple[int, ...]]:
        rows = [
            (place, *((value + STEPS[which] * nth) % bound for which, (value, bound) in enumerate(values)))
            for nth, (place, *numbers) in enumerate(drawn[0])
            for values in [list(zip(numbers, bounds, strict=True))]
        ]
        again = [(place, *rows[which % len(rows)][1:]) for place, which in drawn[1]]
        return [row[1:] for row in sorted([*rows, *again], key=lambda row: row[0])]

    place = st.integers(0, 999)
    rows = st.lists(
        st.tuples(place, *(st.integers(0, bound - 1) for bound in bounds)), min_size=80, max_size=140
    )
    return st.tuples(rows, st.lists(st.tuples(place, place), min_size=5, max_size=20)).map(spread)


def in_batches(rows: Sequence[Row], share: float) -> list[Sequence[Row]]:
    cut = round(share * len(rows))
    return [rows[:cut], rows[cut:]]


def sent(number: int) -> Row:
    return {"_sent_at": START + timedelta(days=number), "_source": f"f{number}"}


@any_sequence
@given(many(12, 31, 41, 2, 4, 4), SHARE)
def test_versions_of_a_source_that_dates_its_changes(feed_of: Any, drawn: Any, share: float) -> None:
    """A change of yard or grade opens a version, one of the load does not; rows come late, twice, for one day. Of two
    cranes in three what comes in the second batch is all later than what came before."""
    cranes: Feed = feed_of("cranes", domain="cranes")
    cut = round(share * len(drawn))
    rows = [
        {"crane_id": f"C{key}", "yard": "AB"[yard], "grade": grade or None, "load_t": float(load),
         "valid_from": date(2024, 1, 1) + timedelta(days=day + (100 if nth >= cut and key % 3 else 0)), "nr": 99,
         "is_current": True, **sent(at)}
        for nth, (key, day, at, yard, grade, load) in enumerate(drawn)
    ]  # fmt: skip
    hold_as_expected(cranes, in_batches(rows, share))


@any_sequence
@given(many(16, 41, 4, 5), SHARE)
def test_versions_by_when_they_were_sent(feed_of: Any, drawn: Any, share: float) -> None:
    """Rows of a vessel that nobody knows are set aside, and open none. Of three dues in four no row is set aside, and
    what comes in the second batch is all later than what came before."""
    dues: Feed = feed_of("harbour_dues", History())
    dues.has_vessels("V1")
    cut = round(share * len(drawn))
    rows = [
        {"due_id": f"D{key}", "vessel_id": "V1" if vessel or key % 4 else "V9", "amount": float(amount),
         **sent(at + (100 if nth >= cut and key % 4 else 0)), PASSES: vessel > 0 or key % 4 > 0}
        for nth, (key, at, amount, vessel) in enumerate(drawn)
    ]  # fmt: skip
    hold_as_expected(dues, in_batches(rows, share))


def hold_as_expected(feed: Feed, batches: Sequence[Sequence[Row]]) -> None:
    came: list[Row] = []
    stored = 0
    for number, batch in enumerate(batches):
        came += (taken := feed.comes(batch, number))
        counts = feed.takes(taken)
        stored += counts["opened"] + counts["reclassified"]
        assert feed.says() == feed.expected(came)
        assert stored == log.row_count(feed.edge.target)


@any_sequence
@given(many(12, 31, 41, 2, 4), SHARE)
def test_versions_of_one_commit_that_is_taken_in_two_batches(feed_of: Any, drawn: Any, share: float) -> None:
    """The second batch is known in part when it comes, and of two cranes in three it is all later than the first; rows
    of a large file have no line number."""
    cranes: Feed = feed_of("cranes", domain="cranes")
    cut = round(share * len(drawn))
    rows = [
        {"crane_id": f"C{key}", "yard": "AB"[yard], "grade": grade or None, "load_t": 1.0,
         "valid_from": date(2024, 1, 1) + timedelta(days=day + (100 if nth >= cut and key % 3 else 0)), "nr": 99,
         "is_current": True, **sent(at * 200 + nth)}
        for nth, (key, day, at, yard, grade) in enumerate(drawn)
    ]  # fmt: skip
    for numbered in (True, False):
        came = cranes.comes(rows, int(numbered), numbered=numbered)
        cranes.takes(came[:cut])
        cranes.takes(came[cut:])
        assert cranes.says() == cranes.expected(came)


listed = st.sampled_from(["a", "b", "a", "", "set aside"])
snapshot = st.tuples(st.lists(listed, min_size=14, max_size=14), st.integers(0, 9))


@any_sequence
@given(st.lists(snapshot, min_size=8, max_size=10), st.permutations(range(10)), SHARE)
def test_versions_of_snapshots(feed_of: Any, drawn: Any, order: Any, share: float) -> None:
    """Days come in any order; one with a line that cannot be read ends no version."""
    vessels: Feed = feed_of("vessels")
    rows: list[Row] = []
    for day, (keys, dice) in enumerate(drawn):
        rows += [{"_raw": "x", **sent(day), PASSES: False}] * (dice == 9)
        for key in range(14):
            name = keys[(key + day * 3 + key * day) % 14]
            seats = -1 if name == "set aside" else 10
            said = {"vessel_id": f"V{key}", "vessel_name": name, "seats": seats, PASSES: seats > 0}
            rows += [said | sent(day)] if name else []
    broken = {row["_sent_at"] for row in rows if "_raw" in row}
    days = [sent(day)["_sent_at"] for day in order]
    came: list[Row] = []
    stored = 0
    for number, group in enumerate((days[:4], days[4:])):
        came += (taken := vessels.comes([row for row in rows if row["_sent_at"] in group], number))
        for part in in_batches(taken, share) if number else [taken]:
            counts = vessels.takes(part)
            stored += counts["opened"] + counts["reclassified"]
            assert stored == log.row_count(vessels.edge.target)
        assert vessels.says() == vessels.expected(came, {row["_sent_at"] for row in came} - broken)


@any_sequence
@given(many(20, 10, 3, 8, 4), SHARE, st.sampled_from(["set aside", "keep"]))
def test_a_change_feed(feed_of: Any, drawn: Any, share: float, unknown: Any) -> None:
    """Also two changes of one place that say different things: the first to come counts."""
    bookings: Feed = feed_of("bookings", Changes(unknown=unknown, before="b"))
    reference = bookings.reference
    assert isinstance(reference, ChangesReference)
    slow, rows, stored = reference.log(keeps_unknown=unknown == "keep"), list[Row](), 0
    for place, (key, op, file, at, passengers) in enumerate(drawn):
        own = {"booking_id": f"B{key}", "op": "ccruuuddb?"[op], "log_file": file, "log_position": at or None}
        said = {"vessel_id": "V1", "passengers": passengers, "before": None}
        rows.append(own | said | {"_offset": place, "_ingested_at": START} | sent(place))
    for batch in in_batches(rows, share):
        counts, expected = bookings.takes(batch), slow.take(batch)
        assert {term: counts[term] for term in bookings.edge.way.terms} == {
            term: expected[term] for term in bookings.edge.way.terms
        }
        stored += counts["added"] + counts["deleted"]
        assert stored == log.row_count(bookings.edge.target) == len(slow.rows)
        standing = [(*key, *(row[name] for name in reference.says)) for key, row in slow.rows.items()]
        assert bookings.says() == sorted(standing)
