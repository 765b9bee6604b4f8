"""Messages leave in the order in which their source sent them, each once, whenever the sending is stopped."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.lake.paths import Paths
from headrace.settings import Settings
from streaming.outbox import Cursor, Outbox

START = datetime(2024, 1, 3)
FIRST, SECOND = "20240103T000000-20240103T000100-0-9", "20240103T000100-20240103T000200-0-9"


@pytest.fixture
def outbox(settings: Settings) -> Outbox:
    home = Path(Paths.of("pumps", settings).outbox("strokes"))
    made(home / FIRST, {"a": 10, "late": 100, "b": 50})
    made(home / SECOND, {"c": 70, "d": 110})
    return Outbox(Paths.of("pumps", settings), "strokes")


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
