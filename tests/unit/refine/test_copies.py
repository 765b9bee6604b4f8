"""Second copies are taken out a day at a time, so that whoever does it can stop between two."""

import threading
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.lake.lease import STANDING, leased
from headrace.lake.paths import Paths
from headrace.live.maintenance import open_requests
from headrace.operate.maintain import dedupe
from headrace.refine.catalog import load_tables
from headrace.refine.late_duplicates import Copies, watched
from headrace.settings import Settings

DAYS = ("2024-01-01", "2024-01-02", "2024-01-03")


@pytest.fixture
def copies(settings: Settings) -> Copies:
    """A table of three days, each with a key that is there twice."""
    (node,) = watched(load_tables("pumps"))
    made = Copies(node, Paths.of("pumps", settings), settings, "run-1")
    now = datetime(2024, 1, 9, tzinfo=UTC)
    rows = [
        {
            **dict.fromkeys(node.table.keys, f"key of {day}"),
            str(node.table.event_time): now,
            "_processed_at": now + timedelta(seconds=copy),
            str(node.table.partition): date.fromisoformat(day),
        }
        for day in DAYS
        for copy in range(2)
    ]
    write_deltalake(made.table, pa.Table.from_pylist(rows), partition_by=[str(node.table.partition)])
    return made


def answers_day_by_day(copies: Copies, ended: threading.Event, answered: list[int]) -> None:
    """As the standing job does where a day takes long."""
    while not ended.wait(0.05):
        for request in open_requests(copies.paths):
            goes = iter([True])
            done = copies.remove(
                request.wanted["days"], lambda work: work(), lambda goes=goes: next(goes, False)
            )
            answered.append(len(done.left))
            request.answer(asdict(done))


def rows_of(copies: Copies) -> int:
    return DeltaTable(copies.table).to_pyarrow_table().num_rows


def test_whoever_is_told_to_stop_ends_with_the_day_it_is_at_and_names_the_rest(copies):
    told = threading.Event()

    def commit(work):
        told.set()
        return work()

    done = copies.remove(DAYS, commit, lambda: not told.is_set())
    assert (done.rows, done.left) == ({DAYS[0]: 1}, DAYS[1:])
    assert rows_of(copies) == 5


def test_two_copies_that_nothing_tells_apart_both_stay(copies):
    write_deltalake(copies.table, DeltaTable(copies.table).to_pyarrow_table(), mode="append")

    done = copies.remove(DAYS, lambda work: work())

    assert done.rows == dict.fromkeys(DAYS, 2)
    kept = DeltaTable(copies.table).to_pyarrow_table()
    assert sorted(kept[copies.node.table.keys[0]].to_pylist()) == sorted(f"key of {day}" for day in DAYS * 2)


def test_who_asked_the_standing_job_asks_again_for_the_days_it_left(copies, settings):
    ended, answered = threading.Event(), []
    job = threading.Thread(target=answers_day_by_day, args=(copies, ended, answered))
    with leased([copies.paths.lease("silver", copies.node.name)], job=f"{STANDING} of pumps", seconds=60):
        job.start()
        try:
            (found,) = dedupe("pumps", settings=settings)
        finally:
            ended.set()
            job.join()
    assert found.removed == dict.fromkeys(DAYS, 1)
    assert answered == [2, 1, 0]
