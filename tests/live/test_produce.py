"""What is produced goes on where the history stopped, and each message is sent once."""

import json
import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headrace.errors import HeadraceError, UsageError
from headrace.generate.plan import Plan
from headrace.generate.run import generate
from headrace.lake.receipt import receipt
from headrace.live.broker import offsets_now
from headrace.live.latency import LatencyWatch
from streaming.continued import topic_contract
from streaming.drop import drop
from streaming.fill import fill
from streaming.produce import produce
from tests.live.conftest import LiveStation

HISTORY = Plan(scale=0.01, start=datetime(2024, 1, 1), end=datetime(2024, 1, 2))


@pytest.fixture
def known(live: LiveStation) -> LiveStation:
    """A day of generated strokes, refined."""
    generate("pumps", HISTORY, live.settings)
    live.refine()
    return live


def sent_so_far(live: LiveStation) -> int:
    return sum(end - first for first, end in offsets_now("strokes", live.settings).values())


def test_messages_go_on_where_the_history_stopped_and_where_the_last_sending_stopped(
    known: LiveStation,
) -> None:
    watch = LatencyWatch(known.paths, "strokes", "strokes")
    first = produce("pumps", known.settings, Event(), rate=100, seconds=2)
    second = produce("pumps", known.settings, Event(), rate=100, seconds=2)
    assert first.messages == pytest.approx(200, abs=60)
    assert sent_so_far(known) == first.messages + second.messages
    known.stands()
    receipt("pumps", known.settings).check()
    came = known.table("bronze", "strokes").where("_source = 'kafka:strokes' AND stroke_at IS NOT NULL")
    times = [row.stroke_at for row in came.select("stroke_at").distinct().orderBy("stroke_at").collect()]
    assert times[0] == datetime(2024, 1, 2)
    assert {(later - earlier).total_seconds() for earlier, later in pairwise(times)} == {60}
    waited = watch.stop()
    assert waited is not None
    assert waited.messages == sent_so_far(known)


def test_files_carry_what_the_topic_would_and_either_goes_on_where_the_other_stopped(
    known: LiveStation,
) -> None:
    half_second = timedelta(seconds=0.5)
    dropped = drop("pumps", known.settings, Event(), lines=60, every=half_second, seconds=1.2)
    sent = produce("pumps", known.settings, Event(), rate=100, seconds=1)
    files = sorted(Path(known.paths.dropped("strokes")).glob("*"))
    assert [len(file.read_bytes().splitlines()) for file in files] == [60] * 3
    assert all(re.fullmatch(r"strokes_\d{8}_\d{6}_\d{6}\.json", file.name) for file in files)
    outbox = Path(known.paths.outbox("strokes"))
    made = pa.concat_tables(pq.read_table(part) for part in outbox.glob("2*/part-*"))["value"].to_pylist()
    lines = [line for file in files for line in file.read_text().splitlines()]
    assert dropped.messages == len(lines) == 180
    assert Counter(lines) <= Counter(made)
    known.stands()
    by_topic = [
        row.stroke_id for row in known.table("bronze", "strokes").where("_partition IS NOT NULL").collect()
    ]
    assert len(by_topic) == sent.messages
    by_file = {json.loads(line)["stroke_id"] for line in lines if line.endswith("}") and line[0] == "{"}
    assert not by_file & set(by_topic)


def test_a_topic_is_filled_at_once(known: LiveStation) -> None:
    filled = fill("pumps", known.settings, 500)
    assert filled.messages >= 500
    assert sent_so_far(known) == filled.messages
    known.stands()
    receipt("pumps", known.settings).check()


def test_without_a_history_or_a_topic_there_is_nothing_to_send(live: LiveStation) -> None:
    with pytest.raises(UsageError, match="no history of strokes"):
        produce("pumps", live.settings, Event(), rate=1, seconds=1)
    with pytest.raises(UsageError, match="arrive by a topic"):
        topic_contract("valves", None)
    nowhere = live.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    with pytest.raises(HeadraceError, match="HEADRACE_KAFKA_BOOTSTRAP"):
        produce("pumps", nowhere, Event(), rate=1, seconds=1)
