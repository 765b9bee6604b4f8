"""What a broker can refuse, and what a topic can hold: told by the name of the setting, and nothing is lost."""

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Event, Thread

import pytest
from kafka import KafkaAdminClient
from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)

from headrace.errors import HeadraceError, UsageError
from headrace.lake import log
from headrace.operate.receipt import receipt
from headrace.settings import Settings
from headrace.sources.broker import check_topic
from rehearsal.kafka import Broker
from simulation.producer.topic_writer import TopicWriter
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke

TEN_MB = 10_000_000


@contextmanager
def admin_of(live: LiveStation) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=live.settings.kafka_bootstrap)
    yield admin
    admin.close()


def test_what_cannot_be_read_is_rejected_and_what_came_can_be_had_back(live: LiveStation) -> None:
    large, garbage = stroke(1, extra="x" * TEN_MB), b"\xfe" * TEN_MB
    live.sends(large, garbage, b"[1, 2]", json.dumps([stroke(2), stroke(3)]).encode())
    live.sends(b'{"stroke_id": "K4"} {"stroke_id": "K5"}', b'"K6"', b"null", b"7")
    spelled = (
        b'{ "stroke_id":"K7", "pump_id":"P1", "stroke_at":"2024-01-01T10:07:00", "bar":5, "mode":"AUTO" }'
    )
    live.sends(spelled, key="P2")
    live.stands()
    kept = {row._raw for row in live.rejected("strokes").collect()}
    assert log.row_count(live.paths.table("silver", "strokes")) == 0
    assert len(kept) == 9
    assert json.dumps(large) in kept
    assert any(raw.startswith("base64:/v7+/v7+") and len(raw) > TEN_MB * 4 // 3 for raw in kept)
    assert {'{"stroke_id": "K4"} {"stroke_id": "K5"}', "[1, 2]", '"K6"', "null", "7"} <= kept
    assert f"key: P2 {spelled.decode()}" in kept
    receipt("pumps", live.settings).check()


@contextmanager
def allowed_only(live: LiveStation, operation: ACLOperation) -> Iterator[None]:
    """Whoever comes may do this with the topic, and nothing else."""
    topic = ResourcePattern(ResourceType.TOPIC, "strokes")
    rule = ACL("User:*", "*", operation, ACLPermissionType.ALLOW, topic)
    every = ResourcePatternFilter(ResourceType.TOPIC, "strokes", ACLResourcePatternType.LITERAL)
    with admin_of(live) as admin:
        admin.create_acls([rule])
        try:
            yield
        finally:
            admin.delete_acls([ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ANY, every)])


def test_missing_rights_and_a_topic_that_is_gone_or_made_anew_are_told_and_nothing_is_lost(
    live: LiveStation,
) -> None:
    live.sends(stroke(1))
    with allowed_only(live, ACLOperation.DESCRIBE):
        with pytest.raises(HeadraceError, match="HEADRACE_KAFKA_SECURITY"):
            live.stands()
        sender = TopicWriter("strokes", live.settings)
        sender.send("P1", json.dumps(stroke(2)))
        with pytest.raises(
            HeadraceError, match="does not let us write to strokes: see HEADRACE_KAFKA_SECURITY"
        ):
            sender.settle()
        sender.close()
    with (
        allowed_only(live, ACLOperation.WRITE),
        pytest.raises(HeadraceError, match="HEADRACE_KAFKA_SECURITY"),
    ):
        live.stands()
    live.stands()
    assert log.row_count(live.paths.table("silver", "strokes")) == 1
    with admin_of(live) as admin:
        admin.delete_topics(["strokes"])
    with pytest.raises(UsageError, match=r"no topic 'strokes'.*HEADRACE_KAFKA_SECURITY"):
        live.stands()
    assert live.broker is not None
    live.broker.make_topic("strokes", partitions=2)
    live.sends(stroke(2), stroke(3), stroke(4))
    with pytest.raises(HeadraceError, match=r"HEADRACE_KAFKA_BOOTSTRAP.*was made anew.*another cluster"):
        live.stands()
    assert log.row_count(live.paths.table("bronze", "strokes")) == 1


def test_a_message_that_the_topic_takes_not_is_told_with_its_size_and_what_to_set(
    broker: Broker, settings: Settings
) -> None:
    broker.make_topic("narrow", partitions=1, max_message_bytes="1000")
    sender = TopicWriter("narrow", settings.model_copy(update={"kafka_bootstrap": broker.address}))
    sender.send("P1", "x" * 5000)
    with pytest.raises(HeadraceError, match=r"5,000 bytes.*narrow.*max\.message\.bytes"):
        sender.settle()
    sender.close()


def test_what_listens_and_does_not_answer_as_a_broker_is_told_by_both_settings(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headrace.sources.broker.ANSWERS_WITHIN_MS", 1500)
    with socket.create_server(("127.0.0.1", 0)) as server:
        stop = Event()

        def hang_up() -> None:
            server.settimeout(0.1)
            while not stop.is_set():
                try:
                    server.accept()[0].close()
                except TimeoutError:
                    continue

        listening = Thread(target=hang_up)
        listening.start()
        at = f"127.0.0.1:{server.getsockname()[1]}"
        try:
            with pytest.raises(
                HeadraceError, match=r"KAFKA_BOOTSTRAP.*HEADRACE_KAFKA_SECURITY says \(plaintext\)"
            ):
                check_topic("strokes", settings.model_copy(update={"kafka_bootstrap": at}))
        finally:
            stop.set()
            listening.join()
