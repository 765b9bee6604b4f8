"""What operators do, as messages of a topic, to which partitions may be added and which forgets."""

import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from headrace.alarms.actions import Received, read_action
from headrace.errors import HeadraceError
from headrace.progress import Event, tell
from headrace.settings import Settings
from headrace.sources.broker import NO_ANSWER, client_options, connected, make_topic

LOOK_AGAIN_SECONDS = 30.0


def actions_topic(domain: str) -> str:
    return f"{domain}_alarm_actions"


class TopicInbox:
    """How far it has read is noted with the commit that folded the actions in."""

    def __init__(self, domain: str, settings: Settings) -> None:
        self._topic, self._settings = actions_topic(domain), settings
        self._consumer: Any = None
        self._looked = -LOOK_AGAIN_SECONDS

    def receive(self, offsets: Mapping[str, int]) -> tuple[list[Received], dict[str, int]]:
        try:
            self._look_again(offsets)
            is_there = self._consumer is not None and self._consumer.assignment()
            polled = self._consumer.poll(timeout_ms=0) if is_there else {}
        except NO_ANSWER:  # the stream that we stand beside tells of a broker that is away
            self._consumer = None
            return [], {}
        messages = [message for each in polled.values() for message in each]
        moved = {str(message.partition): message.offset + 1 for message in messages}
        return [read_action(message.value or b"") for message in messages], moved

    def done(self, received: Iterable[Received]) -> None:
        """The offsets of the commit say it."""

    def _look_again(self, offsets: Mapping[str, int]) -> None:
        """For the topic, and for partitions that were added to it; now and then."""
        if time.monotonic() - self._looked < LOOK_AGAIN_SECONDS:
            return
        self._looked = time.monotonic()
        consumer = self._consumer = self._consumer or self._connected()
        named = consumer.topics()  # asks the broker, where the next line does not
        if self._topic not in named:
            self._make()
            return
        numbers = consumer.partitions_for_topic(self._topic) or ()
        there = {TopicPartition(self._topic, number) for number in numbers}
        added = sorted(there - consumer.assignment())
        if added:
            consumer.assign(sorted(there))
            self._begin(consumer, added, offsets)

    def _make(self) -> None:
        """Without the right to, somebody else makes it; nobody has to write there."""
        with suppress(HeadraceError):
            make_topic(self._topic, self._settings, partitions=1)

    def _begin(self, consumer: Any, added: list[TopicPartition], offsets: Mapping[str, int]) -> None:
        kept = consumer.beginning_offsets(added)
        for each in added:
            noted = offsets.get(str(each.partition))
            consumer.seek(each, max(kept[each], noted or 0))
            if noted is not None and noted < kept[each]:
                lost = f"{kept[each] - noted} messages of partition {each.partition} from offset {noted} on"
                note = f"the topic forgot {lost} before they were read: what operators did there is lost."
                tell(Event("alarms", self._topic, "failed", note=note))

    def _connected(self) -> Any:
        brokers, options = self._settings.kafka_bootstrap, client_options(self._settings)
        return connected(KafkaConsumer, brokers, auto_offset_reset="earliest", **options)
