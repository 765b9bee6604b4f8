"""Messages in, alarms out, and what an operator does about them back in."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaAdminClient, KafkaConsumer, KafkaProducer

from headrace.alarms.operator import Operator
from headrace.errors import HeadraceError
from headrace.operate.receipt import receipt
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke

ALARMS, ACTIONS = "pumps_alarms", "pumps_alarm_actions"


@pytest.fixture
def topics(live: LiveStation) -> Iterator[None]:
    """Gone afterwards, so that no other test reads them."""
    assert live.broker is not None
    live.broker.make_topic(ACTIONS, partitions=1)
    yield
    admin = KafkaAdminClient(bootstrap_servers=live.broker.address)
    admin.delete_topics([ACTIONS, ALARMS])
    admin.close()


def sent_out(live: LiveStation) -> list[dict[str, Any]]:
    assert live.broker is not None
    consumer = KafkaConsumer(
        ALARMS,
        bootstrap_servers=live.broker.address,
        auto_offset_reset="earliest",
        consumer_timeout_ms=2000,
    )
    found = [json.loads(message.value) for message in consumer]
    consumer.close()
    return found


def does(live: LiveStation, **action: Any) -> None:
    assert live.broker is not None
    producer = KafkaProducer(bootstrap_servers=live.broker.address)
    producer.send(ACTIONS, json.dumps(action).encode()).get(timeout=30)
    producer.close()


def test_an_alarm_goes_out_by_its_topic_and_is_acknowledged_by_another(
    live: LiveStation, topics: None
) -> None:
    live.sends(stroke(1, bar=12.0), stroke(2, bar=12.0))
    live.stands()
    (raised,) = sent_out(live)
    assert (raised["event"], raised["subject"], raised["priority"]) == ("raised", "P1", "medium")
    does(live, what="acknowledge", alarm_id=raised["alarm_id"], by="Ann")
    live.sends(stroke(3), stroke(5))
    live.stands()
    live.refine()
    assert [each["event"] for each in sent_out(live)] == ["raised", "acknowledged", "cleared"]
    assert Operator("pumps", live.settings).standing() == []
    receipt("pumps", live.settings).check()


def test_a_job_whose_alarms_cannot_go_on_ends_and_says_so(
    live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> None:
        raise HeadraceError("no room")

    monkeypatch.setattr("headrace.alarms.store.Store.append", fails)
    live.sends(stroke(1))
    with pytest.raises(HeadraceError, match="the alarms could not go on: no room"):
        live.stands()
    assert live.table("silver", "strokes").count() == 1
