"""Whoever listens at the environment's topic is told; without one, the log is."""

from typing import Any

import boto3
import pytest
from moto import mock_aws

from headrace.errors import HeadraceError
from headrace.progress import LONGEST_SUBJECT, Event, listening, tell_people
from headrace.settings import Settings


@pytest.fixture(autouse=True)
def credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")


def heard_by(queue: str) -> list[str]:
    messages: list[dict[str, Any]] = boto3.client("sqs").receive_message(QueueUrl=queue).get("Messages", [])
    return [each["Body"] for each in messages]


@mock_aws
def test_a_failure_reaches_whoever_listens() -> None:
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="guard")["TopicArn"]
    queue = sqs.create_queue(QueueName="listener")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    what = f"refine-pumps: Failed\n{'x' * LONGEST_SUBJECT}"
    assert tell_people(what, "no such column", Settings(alerts_topic_arn=topic))
    (heard,) = heard_by(queue)
    assert "no such column" in heard
    assert "refine-pumps: Failed" in heard


def test_without_a_topic_the_log_has_it() -> None:
    said: list[Event] = []
    with listening(said.append):
        assert not tell_people("refine-pumps: Failed", "why", Settings())
    assert [(event.item, event.note) for event in said] == [("refine-pumps: Failed", "why")]


@mock_aws
def test_a_topic_that_is_gone_is_told_by_its_setting() -> None:
    gone = "arn:aws:sns:eu-west-1:123456789012:gone"
    with pytest.raises(HeadraceError, match="HEADRACE_ALERTS_TOPIC_ARN"):
        tell_people("a", "b", Settings(alerts_topic_arn=gone))
