"""Topics are made as their contracts say where they are missing, and are otherwise left as they are."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from kafka import KafkaAdminClient

from headrace.contracts.load import load_contracts
from headrace.contracts.model import Contract
from headrace.errors import NotReady
from headrace.lake.paths import Paths
from headrace.live.topics import make_topics, topic_of
from headrace.operate.receipt import receipt
from headrace.progress import Event, listening
from headrace.settings import Settings
from headrace.sources.broker import TopicShape, topic_shape
from rehearsal.kafka import Broker
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


@contextmanager
def admin_of(settings: Settings) -> Iterator[KafkaAdminClient]:
    admin = KafkaAdminClient(bootstrap_servers=settings.kafka_bootstrap)
    yield admin
    admin.close()


@pytest.fixture
def there(broker: Broker, settings: Settings) -> Iterator[Settings]:
    there = settings.model_copy(update={"kafka_bootstrap": broker.address})
    yield there
    with admin_of(there) as admin:
        admin.delete_topics([name for name in admin.list_topics() if name.startswith("levels")])


def contract_of(name: str, **said: object) -> Contract:
    strokes = load_contracts("pumps")["strokes"]
    return strokes.model_copy(
        update={"table": name, "arrives": strokes.arrives.model_copy(update={"topic": name, **said})}
    )


def test_a_missing_topic_is_made_as_its_contract_says_and_as_the_broker_says_for_the_rest(
    there: Settings,
) -> None:
    hours, said = timedelta(hours=36), []
    contracts = [contract_of("levels", partitions=5, retention=hours), contract_of("levels_too")]
    assert [topic_of(each, there).shape for each in contracts] == [None, None]
    with listening(said.append):
        made = make_topics(contracts, Paths.of("pumps", there), there)
    assert [(each.was_made, each.shape) for each in made] == [
        (True, TopicShape(5, hours)),
        (True, TopicShape(2, timedelta(hours=168))),  # as rehearsal/kafka.py sets its broker
    ]
    assert [each.key for each in made] == ["pump_id", "pump_id"]
    assert [each.note for each in said] == ["made, with 5 partitions", "made, with 2 partitions"]


def test_a_topic_that_differs_is_warned_of_and_left_as_it_is(there: Settings) -> None:
    said: list[Event] = []
    paths = Paths.of("pumps", there)
    make_topics([contract_of("levels", partitions=3)], paths, there)
    other = contract_of("levels", partitions=4, retention=timedelta(days=1))
    with listening(said.append):
        (again,) = make_topics([other], paths, there)
    assert not again.was_made
    assert topic_shape("levels", there) == TopicShape(3, timedelta(days=7))
    (warning,) = [each.note for each in said]
    assert "its partitions is 3, and its contract says 4" in warning
    assert "its retention is 7 days, 0:00:00, and its contract says 1 day" in warning


def test_the_standing_job_makes_its_topic_and_not_one_that_was_read_and_is_gone(live: LiveStation) -> None:
    with admin_of(live.settings) as admin:
        admin.delete_topics(["strokes"])
        while "strokes" in admin.list_topics():
            pass
        said: list[Event] = []
        with listening(said.append):
            live.stands()
        assert [each.note for each in said if each.stage == "topics"] == ["made, with 2 partitions"]
        live.sends(stroke(1))
        live.stands()
        assert live.table("silver", "strokes").count() == 1
        receipt("pumps", live.settings).check()
        admin.delete_topics(["strokes"])
        while "strokes" in admin.list_topics():
            pass
        with pytest.raises(NotReady, match="has no topic 'strokes'"):
            live.stands()
        assert live.broker is not None
        live.broker.make_topic("strokes", partitions=1)  # for the fixture, which deletes it
