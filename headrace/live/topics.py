"""The topics of a domain: what its contracts say of them, what the brokers have, and making those that are missing."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from headrace.contracts.model import Contract
from headrace.lake.paths import Paths
from headrace.progress import Event, tell
from headrace.settings import Settings
from headrace.sources.broker import NotAllowed, TopicShape, check_topic, make_topic, topic_shape
from headrace.sources.topic import was_read

STAGE = "topics"


@dataclass(frozen=True)
class Topic:
    """shape: as the brokers have it; None where it is missing. was_made: by us, just now."""

    name: str
    table: str
    key: str | None
    partitions: int | None
    retention: timedelta | None
    shape: TopicShape | None
    was_made: bool = False

    @property
    def differences(self) -> list[str]:
        """What is otherwise than the contract says, of a topic that is there."""
        if self.shape is None:
            return []
        compared = (
            ("partitions", self.shape.partitions, self.partitions),
            ("retention", self.shape.retention, self.retention),
        )
        return [
            f"its {name} is {is_now}, and its contract says {promised}"
            for name, is_now, promised in compared
            if None not in (is_now, promised) and is_now != promised
        ]


def topic_of(contract: Contract, settings: Settings, *, was_made: bool = False) -> Topic:
    arrives = contract.arrives
    name = str(arrives.topic)
    return Topic(
        name,
        contract.table,
        contract.sender_column,
        arrives.partitions,
        arrives.retention,
        topic_shape(name, settings),
        was_made,
    )


def make_topics(contracts: Iterable[Contract], paths: Paths, settings: Settings) -> list[Topic]:
    """Makes what is missing and leaves the rest as it is: adding partitions would send a sender's messages elsewhere,
    and a shorter retention would delete some. A topic that was read and is gone is not made anew, since its offsets
    would begin again."""
    topics = []
    for contract in contracts:
        name, was_made = str(contract.arrives.topic), False
        if was_read(paths, contract):
            check_topic(name, settings)
        else:
            was_made = _make(contract, settings)
        topics.append(topic := topic_of(contract, settings, was_made=was_made))
        if topic.was_made and topic.shape is not None:
            tell(Event(STAGE, name, "done", note=f"made, with {topic.shape.partitions} partitions"))
        if topic.differences:
            tell(
                Event(STAGE, name, "skipped", note=f"warning: {'; '.join(topic.differences)}; left as it is")
            )
    return topics


def _make(contract: Contract, settings: Settings) -> bool:
    arrives = contract.arrives
    try:
        return make_topic(str(arrives.topic), settings, arrives.partitions, arrives.retention)
    except NotAllowed:
        check_topic(str(arrives.topic), settings)  # says which topic is waited for
        raise
