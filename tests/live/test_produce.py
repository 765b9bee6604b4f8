"""What is produced goes on where the history stopped, and each message is sent once."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from kafka import KafkaAdminClient
from pyspark.sql import SparkSession

from headrace.errors import HeadraceError, UsageError
from headrace.lake.paths import Paths
from headrace.live.latency import LatencyWatch
from headrace.operate.receipt import receipt
from headrace.settings import Settings, as_environment
from headrace.sources.broker import offsets_now
from rehearsal.kafka import Broker
from simulation.generate.plan import Plan
from simulation.generate.run import generate
from simulation.producer.continuation import Continuation, topic_contracts
from simulation.producer.file_producer import drop
from simulation.producer.outbox import Outbox
from simulation.producer.topic_producer import _Sending, fill, produce
from simulation.producer.topic_writer import values_since
from tests.live.conftest import LiveStation

TOY = Path(__file__).parents[1] / "toy"
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
    return Counter(values_since("strokes", {}, live.settings))


def values_of(*parts: Path) -> Counter[bytes]:
    return Counter(value.encode() for part in parts for value in pq.read_table(part)["value"].to_pylist())


def values_made(outbox: Outbox) -> Counter[bytes]:
    """Of all chunks begun so far; what is held for later has not left."""
    begun = outbox.cursor.chunk
    home = outbox.folder(begun).parent
    made = values_of(*(part for part in home.glob("2*/part-*.parquet") if part.parent.name <= begun))
    return made - values_of(home / f"held-{begun}.parquet")


@contextmanager
def produce_apart(live: LiveStation, *words: str) -> Iterator[subprocess.Popen[bytes]]:
    """`headrace produce` of the toy domain in a process of its own, which is killed in the end."""
    found = f"import domains; domains.__path__.append({str(TOY)!r}); from cli.main import main; main()"
    process = subprocess.Popen(
        [sys.executable, "-c", found, "produce", "pumps", *words],
        env={**os.environ, **as_environment(live.settings)},
        start_new_session=True,
    )
    try:
        yield process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def test_a_sending_that_was_killed_goes_on_without_a_hole_and_without_a_double(
    known: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    outbox = Outbox(known.paths, "strokes")

    def killed_before_it_counts(sending: Any, *_: object) -> None:
        sending._writer.settle()
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr("simulation.producer.topic_producer._Sending._settle", killed_before_it_counts)
        with pytest.raises(Killed):
            produce("pumps", known.settings, Event(), rate=100, seconds=3)
    before = sent_so_far(known)
    assert before > 50
    assert outbox.cursor.sent == 0
    source = Continuation("pumps", topic_contracts("pumps")[0], known.settings, 20_000, None)
    large = [source.make_next(), source.make_next()]
    source.close()
    with produce_apart(known, "--rate", "3000") as process:
        while outbox.begun(large[0]) == 0:
            assert process.poll() is None
            time.sleep(0.01)
        counted, end = outbox.begun(large[0]), sent_so_far(known)
        while sent_so_far(known) == end:  # more leave than it has counted
            time.sleep(0.01)
    assert 0 < counted < outbox.cursor.total
    assert outbox.cursor.ends is not None
    assert sent_so_far(known) > before + 500
    fill("pumps", known.settings, 1)  # the next sending, of whatever kind, begins with what is left
    assert values_in_topic(known) == values_made(outbox)


def test_as_many_as_can_be_sent_is_faster_than_any_rate(known: LiveStation) -> None:
    sent = produce("pumps", known.settings, Event(), rate=math.inf, seconds=1.0)
    assert sent_so_far(known) == sent.messages > 500


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


@pytest.fixture
def trams(spark: SparkSession, tmp_path: Path, broker: Broker) -> Iterator[Settings]:
    """A day of history of two tables that arrive by topics; doors send three times what stops do."""
    settings = Settings(home=tmp_path / "home", shuffle_partitions=2, kafka_bootstrap=broker.address)
    plan = Plan(scale=1, start=datetime(2024, 1, 1), end=datetime(2024, 1, 2))
    generate("trams", plan, settings)
    yield settings
    admin = KafkaAdminClient(bootstrap_servers=broker.address)
    admin.delete_topics(["doors", "stops"])
    while {"doors", "stops"} & set(admin.list_topics()):
        time.sleep(0.05)
    admin.close()


def of_topics(settings: Settings) -> dict[str, list[dict[str, Any]]]:
    """The messages of doors and stops so far."""
    return {
        topic: [json.loads(value) for value in values_since(topic, {}, settings)]
        for topic in ("doors", "stops")
    }


def test_several_topics_share_one_rate_and_their_time_goes_on_alike(trams: Settings) -> None:
    first = produce("trams", trams, Event(), rate=200, seconds=2)
    second = produce("trams", trams, Event(), rate=200, seconds=2)
    assert [each.topic for each in first.topics] == ["doors", "stops"]
    assert first.messages == pytest.approx(400, abs=120)
    there = of_topics(trams)
    counts = [first.topics[number].messages + second.topics[number].messages for number in (0, 1)]
    assert [len(there["doors"]), len(there["stops"])] == counts
    assert counts[0] == pytest.approx(3 * counts[1], rel=0.1)
    doors = [datetime.fromisoformat(row["opened_at"]) for row in there["doors"]]
    stops = [datetime.fromisoformat(row["stopped_at"]) for row in there["stops"]]
    assert min(*doors, *stops) >= datetime(2024, 1, 2, tzinfo=UTC)
    assert max(doors) - max(stops) == pytest.approx(timedelta(0), abs=timedelta(minutes=15))
    assert Counter(row["stop_id"] for row in there["stops"]).most_common(1)[0][1] == 1
    only = produce("trams", trams, Event(), rate=50, seconds=0.5, tables=["stops"])
    assert len(of_topics(trams)["doors"]) == counts[0]
    assert len(of_topics(trams)["stops"]) == counts[1] + only.messages
    filled = fill("trams", trams, 400)
    assert [each.messages >= least for each, least in zip(filled.topics, (300, 100), strict=True)]


def test_where_one_topic_fails_the_other_ends_in_good_order(
    trams: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, stop = _Sending._settle, Event()

    def fails_at_doors(sending: Any, cursor: Any, pace: Any) -> None:
        if sending._topic == "doors":
            raise Killed
        settle(sending, cursor, pace)

    monkeypatch.setattr(_Sending, "_settle", fails_at_doors)
    with pytest.raises(Killed):
        produce("trams", trams, stop, rate=100, seconds=30)
    outbox = Outbox(Paths.of("trams", trams), "stops")
    assert outbox.cursor.ends is None
    assert outbox.cursor.sent == len(of_topics(trams)["stops"])
    drop("trams", trams, Event(), lines=10, seconds=0.1)  # neither outbox is held
    dropped = [Path(Paths.of("trams", trams).dropped(table)) for table in ("doors", "stops")]
    assert [len(list(folder.iterdir())) for folder in dropped] == [1, 1]


def test_a_topic_is_filled_at_once(known: LiveStation) -> None:
    filled = fill("pumps", known.settings, 500)
    assert filled.messages >= 500
    assert sent_so_far(known) == filled.messages
    known.stands()
    receipt("pumps", known.settings).check()


def test_without_a_history_or_a_topic_there_is_nothing_to_send(live: LiveStation) -> None:
    with pytest.raises(UsageError, match="no history of strokes"):
        produce("pumps", live.settings, Event(), rate=1, seconds=1)
    with pytest.raises(UsageError, match="no table of valves arrives by a topic"):
        topic_contracts("valves")
    with pytest.raises(UsageError, match="pumps of pumps arrives by a topic; those that do: strokes"):
        topic_contracts("pumps", ["pumps"])
    nowhere = live.settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:9"})
    with pytest.raises(HeadraceError, match="HEADRACE_KAFKA_BOOTSTRAP"):
        produce("pumps", nowhere, Event(), rate=1, seconds=1)
