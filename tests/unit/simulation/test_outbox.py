"""Messages leave in the order in which their source sent them, each once, whenever the sending is stopped."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.errors import Busy
from headrace.lake.paths import Paths
from headrace.settings import Settings
from simulation.producer.continuation import without
from simulation.producer.outbox import Cursor, Outbox

START = datetime(2024, 1, 3)
FIRST, SECOND = "20240103T000000-20240103T000100-0-9", "20240103T000100-20240103T000200-0-9"


@pytest.fixture
def outbox(settings: Settings) -> Iterator[Outbox]:
    home = Path(Paths.of("pumps", settings).outbox("strokes"))
    made(home / FIRST, {"a": 10, "late": 100, "b": 50})
    made(home / SECOND, {"c": 70, "d": 110})
    found = Outbox(Paths.of("pumps", settings), "strokes")
    yield found
    found.free()


def made(folder: Path, seconds: dict[str, int]) -> None:
    folder.mkdir(parents=True)
    at = [START.replace(tzinfo=UTC) + timedelta(seconds=each) for each in seconds.values()]
    rows = {"key": list(seconds), "value": list(seconds), "send_at": pa.array(at, pa.timestamp("us", "UTC"))}
    pq.write_table(pa.table(rows), folder / "part-0.parquet")


def sent(outbox: Outbox, chunk: str, minutes: int) -> list[str]:
    return outbox.messages(chunk, START + timedelta(minutes=minutes))["value"].to_pylist()


def test_what_is_sent_late_leaves_with_a_later_chunk(outbox):
    assert sent(outbox, FIRST, 1) == ["a", "b"]
    assert sent(outbox, SECOND, 2) == ["c", "late", "d"]


def test_the_same_messages_come_in_the_same_order_when_a_chunk_is_begun_again(outbox):
    assert sent(outbox, FIRST, 1) == sent(outbox, FIRST, 1)
    assert sent(outbox, SECOND, 2) == sent(outbox, SECOND, 2)


def test_a_chunk_waits_until_all_of_it_was_sent(outbox):
    assert outbox.waiting() == [FIRST, SECOND]
    outbox.move(Cursor(FIRST, 1, 2))
    assert outbox.waiting() == [FIRST, SECOND]
    outbox.move(Cursor(FIRST, 2, 2))
    assert outbox.waiting() == [SECOND]
    outbox.move(Cursor(SECOND, 3, 3))
    assert outbox.waiting() == []


def leaving(outbox: Outbox) -> Path:
    return outbox._leaving


def dropped(settings: Settings) -> dict[str, bytes]:
    folder = Path(Paths.of("pumps", settings).dropped("strokes"))
    return {file.name: file.read_bytes() for file in sorted(folder.glob("*"))}


def test_a_file_appears_whole_and_counts_as_sent(outbox, settings):
    outbox.drop("strokes_1.json", b"a\nb\n", Cursor(FIRST, 2, 2))
    assert dropped(settings) == {"strokes_1.json": b"a\nb\n"}
    assert outbox.begun(FIRST) == 2
    assert list(leaving(outbox).iterdir()) == []


def test_a_file_that_was_counted_when_its_sender_was_killed_comes_out_with_the_next_one(outbox, settings):
    leaving(outbox).mkdir()
    (leaving(outbox) / "strokes_1.json").write_bytes(b"a\n")
    outbox.move(Cursor(FIRST, 1, 2, file="strokes_1.json"))
    outbox.take()
    assert dropped(settings) == {"strokes_1.json": b"a\n"}


def test_a_file_that_was_not_counted_when_its_sender_was_killed_is_made_again(outbox, settings):
    leaving(outbox).mkdir()
    (leaving(outbox) / "strokes_2.json").write_bytes(b"a\n")
    outbox.take()
    assert dropped(settings) == {}
    assert list(leaving(outbox).iterdir()) == []


def test_two_senders_of_one_outbox_are_refused(outbox, settings):
    other = Outbox(Paths.of("pumps", settings), "strokes")
    outbox.take()
    with pytest.raises(Busy, match="another headrace produce"):
        other.take()
    outbox.free()
    other.take()
    other.free()


def test_what_remained_of_a_chunk_is_counted_anew_until_the_next_chunk(outbox):
    rest = outbox.messages(FIRST, START + timedelta(minutes=1)).slice(1)
    outbox.move(Cursor(FIRST, 0, 2, ends={"0": 5}))
    outbox.keep_rest(FIRST, rest)
    assert (outbox.begun(FIRST), outbox.cursor.ends) == (0, None)
    assert sent(outbox, FIRST, 1) == ["b"]
    outbox.move(Cursor(FIRST, 1, 1))
    assert sent(outbox, FIRST, 1) == ["b"]
    assert outbox.waiting() == [SECOND]
    outbox.move(Cursor(SECOND, 1, 3))
    assert sent(outbox, SECOND, 2) == ["c", "late", "d"]


def test_a_kill_while_the_rest_is_written_down_leaves_what_was_known(outbox, monkeypatch):
    chunk = outbox.messages(SECOND, START + timedelta(minutes=2))
    outbox.keep_rest(SECOND, chunk)
    outbox.move(Cursor(SECOND, 1, 3, ends={"0": 5}))
    with monkeypatch.context() as patch:
        patch.setattr(Outbox, "move", lambda *_: None)
        outbox.keep_rest(SECOND, chunk.slice(2))
    assert sent(outbox, SECOND, 2) == chunk["value"].to_pylist()
    assert outbox.begun(SECOND) == 1


def test_only_as_many_as_left_uncounted_are_taken_off(outbox):
    twice = pa.concat_tables([outbox.messages(FIRST, START + timedelta(minutes=1))] * 2)
    left = without(Counter([b"b", b"elsewhere"]), twice)
    assert left["value"].to_pylist() == ["a", "a", "b"]
