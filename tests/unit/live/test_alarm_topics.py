"""What operators do, from a topic that grows and forgets."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from kafka import TopicPartition

from headrace.errors import HeadraceError
from headrace.live import alarms as module
from headrace.live.alarms import ActionsTopic
from headrace.progress import Event, listening
from headrace.settings import Settings

NAME = "pumps_alarm_actions"
ACTION = b'{"what": "acknowledge", "alarm_id": "%s", "by": "Ann"}'


@dataclass
class Topic:
    """Stands for a consumer: each partition's first offset and its messages."""

    parts: dict[int, tuple[int, list[bytes]]] = field(default_factory=dict)
    at: dict[TopicPartition, int] = field(default_factory=dict)

    def topics(self) -> set[str]:
        return {NAME} if self.parts else set()

    def partitions_for_topic(self, _: str) -> set[int]:
        return set(self.parts)

    def assignment(self) -> set[TopicPartition]:
        return set(self.at)

    def assign(self, parts: list[TopicPartition]) -> None:
        self.at = {each: self.at.get(each, 0) for each in parts}

    def beginning_offsets(self, parts: list[TopicPartition]) -> dict[TopicPartition, int]:
        return {each: self.parts[each.partition][0] for each in parts}

    def seek(self, part: TopicPartition, offset: int) -> None:
        self.at[part] = offset

    def poll(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:  # noqa: ARG002
        found = {}
        for part, at in self.at.items():
            first, bodies = self.parts[part.partition]
            found[part] = [
                SimpleNamespace(partition=part.partition, offset=first + place, value=body)
                for place, body in enumerate(bodies)
                if first + place >= at
            ]
            self.at[part] = first + len(bodies)
        return found


@pytest.fixture
def topic() -> Topic:
    return Topic()


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    names: list[str] = []
    monkeypatch.setattr(module, "make_topic", lambda topic, *_, **__: names.append(topic))
    return names


@pytest.fixture
def inbox(topic: Topic, made: list[str], monkeypatch: pytest.MonkeyPatch) -> ActionsTopic:
    monkeypatch.setattr(module, "KafkaConsumer", lambda **_: topic)
    monkeypatch.setattr(module, "LOOK_AGAIN_SECONDS", 0.0)
    return ActionsTopic("pumps", Settings())


def alarms(inbox: ActionsTopic, **offsets: int) -> tuple[list[str], dict[str, int]]:
    received, moved = inbox.receive({name.removeprefix("p"): at for name, at in offsets.items()})
    return [each.action["alarm_id"] for each in received if each.action], moved


def test_a_topic_that_is_not_there_is_made_and_read_from_its_beginning(
    topic: Topic, inbox: ActionsTopic, made: list[str]
) -> None:
    assert alarms(inbox) == ([], {})
    topic.parts[0] = (0, [ACTION % b"A1"])
    assert alarms(inbox) == (["A1"], {"0": 1})
    assert made == [NAME]


def test_without_the_right_to_make_it_it_is_waited_for(
    topic: Topic, inbox: ActionsTopic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(*_: object, **__: object) -> None:
        raise HeadraceError("does not let us")

    monkeypatch.setattr(module, "make_topic", refuses)
    assert alarms(inbox) == ([], {})
    topic.parts[0] = (0, [ACTION % b"A1"])
    assert alarms(inbox) == (["A1"], {"0": 1})


def test_partitions_that_are_added_are_read_and_nothing_else_again(topic: Topic, inbox: ActionsTopic) -> None:
    topic.parts[0] = (0, [ACTION % b"A1"])
    alarms(inbox)
    topic.parts[1] = (0, [ACTION % b"A2"])
    assert alarms(inbox, p0=1) == (["A2"], {"1": 1})


def test_it_goes_on_where_a_commit_says(topic: Topic, inbox: ActionsTopic) -> None:
    topic.parts[0] = (0, [ACTION % b"A1", ACTION % b"A2"])
    assert alarms(inbox, p0=1) == (["A2"], {"0": 2})


def test_what_the_topic_forgot_is_told_and_the_rest_is_read(topic: Topic, inbox: ActionsTopic) -> None:
    topic.parts[0] = (5, [ACTION % b"A6"])
    told: list[Event] = []
    with listening(told.append):
        assert alarms(inbox, p0=3) == (["A6"], {"0": 6})
    assert [(each.item, each.state) for each in told] == [(NAME, "failed")]
    assert "2 messages of partition 0 from offset 3 on" in told[0].note


def test_what_it_forgot_before_it_was_ever_read_is_not_told(topic: Topic, inbox: ActionsTopic) -> None:
    topic.parts[0] = (5, [ACTION % b"A6"])
    told: list[Event] = []
    with listening(told.append):
        assert alarms(inbox) == (["A6"], {"0": 6})
    assert told == []
