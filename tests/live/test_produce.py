"""What is produced goes on where the history stopped, and each message is sent once."""

import json
import re
import time
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event, Thread
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kafka import KafkaAdminClient

from headrace.errors import HeadraceError, UsageError
from headrace.lake.receipt import receipt
from headrace.live.broker import offsets_now
from headrace.live.latency import LatencyWatch
from simulation.generate.plan import Plan
from simulation.generate.run import generate
from simulation.producer.continuation import topic_contract
from simulation.producer.file_producer import drop
from simulation.producer.most import produce_most
from simulation.producer.outbox import Outbox
from simulation.producer.shares import state_of
from simulation.producer.spark_producer import fill
from simulation.producer.topic_producer import produce
from simulation.producer.topic_writer import values_behind
from tests.live.conftest import LiveStation

HISTORY = Plan(scale=0.01, start=datetime(2024, 1, 1), end=datetime(2024, 1, 2))


@pytest.fixture
def known(live: LiveStation) -> LiveStation:
    """A day of generated strokes, refined."""
    generate("pumps", HISTORY, live.settings)
    live.refine(layers=["bronze", "silver"])
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


class Killed(Exception):
    pass


def values_in_topic(live: LiveStation) -> Counter[bytes]:
    return Counter(values_behind("strokes", {}, live.settings))


def values_of(*parts: Path) -> Counter[bytes]:
    return Counter(value.encode() for part in parts for value in pq.read_table(part)["value"].to_pylist())


def values_made(outbox: Outbox) -> Counter[bytes]:
    """Of all chunks begun so far; what is held for later has not left."""
    home, begun = outbox.shares.parent, outbox.cursor.chunk
    made = values_of(*(part for part in home.glob("2*/part-*.parquet") if part.parent.name <= begun))
    return made - values_of(home / f"held-{begun}.parquet")


def kill_a_sender(outbox: Outbox) -> None:
    """One of the processes, once it has counted some of its share. It counts once a second, and would be through before
    that: so it is held most of the time."""
    while True:
        for part in outbox.shares.glob("part-*.parquet"):
            with suppress(OSError, pa.ArrowException, psutil.Error):
                if state_of(part).ends is not None and was_killed_while_held(part):
                    return
        time.sleep(0.002)


def was_killed_while_held(part: Path) -> bool:
    senders = [each for each in psutil.Process().children() if str(part) in each.cmdline()]
    for sender in senders:
        sender.suspend()
        try:
            if 0 < state_of(part).sent < pq.ParquetFile(part).metadata.num_rows:
                sender.kill()
                return True
            time.sleep(0.05)
        finally:
            sender.resume()
    return False


def test_a_sending_that_was_killed_goes_on_without_a_hole_and_without_a_double(
    known: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(known.paths, "strokes")

    def killed_before_it_counts(sending: Any, *_: object) -> None:
        sending._sender.settle()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("simulation.producer.topic_producer._Sending._settle", killed_before_it_counts)
        with pytest.raises(Killed):
            produce("pumps", known.settings, Event(), rate=100, seconds=3)
    before = sent_so_far(known)
    assert before > 50
    assert outbox.cursor.sent == 0
    monkeypatch.setattr("simulation.producer.most.AT_ONCE", 160_000)
    killer = Thread(target=kill_a_sender, args=[outbox], daemon=True)
    killer.start()
    with pytest.raises(HeadraceError, match="ended with -9"):
        produce_most("pumps", known.settings, Event(), processes=2, seconds=120)  # else it was never killed
    killer.join()
    assert sent_so_far(known) > before + 500
    fill("pumps", known.settings, 1)  # the next sending, of whatever kind, begins with what is left
    assert values_in_topic(known) == values_made(outbox)


def test_a_topic_that_is_not_there_is_made_with_as_many_partitions_as_told(known: LiveStation) -> None:
    admin = KafkaAdminClient(bootstrap_servers=known.settings.kafka_bootstrap)
    admin.delete_topics(["strokes"])
    while "strokes" in admin.list_topics():
        time.sleep(0.05)
    sent = produce("pumps", known.settings, Event(), rate=100, seconds=1, partitions=3)
    assert sent_so_far(known) == sent.messages > 50
    assert len(offsets_now("strokes", known.settings)) == 3
    produce("pumps", known.settings, Event(), rate=100, seconds=0.1, partitions=5)
    assert len(offsets_now("strokes", known.settings)) == 3  # one that is there is left as it is
    admin.close()


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
