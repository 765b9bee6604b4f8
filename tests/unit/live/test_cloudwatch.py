"""The standing job's sign of life and its lag, as the alarms in infra/modules/guard watch them."""

import re
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from headrace.live import metrics
from headrace.live.heartbeat import Flow, Heartbeat
from headrace.live.metrics import NAMESPACE, CloudWatch
from headrace.progress import Event, listening
from headrace.settings import Settings

GUARD = Path(__file__).parents[3] / "infra/modules/guard"
BEAT = Heartbeat(
    "pumps", "r", "running", 1.0, "2024-01-01", flows=(Flow("a", "t", lag=3), Flow("b", "u", lag=40))
)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> CloudWatch:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    return CloudWatch(Settings(environment="dev"))


@mock_aws
def test_the_furthest_behind_and_the_beat_are_told_as_the_alarms_ask(told: CloudWatch) -> None:
    told.beat(BEAT)
    told.beat(BEAT)
    found = boto3.client("cloudwatch").list_metrics(Namespace=NAMESPACE)["Metrics"]
    assert {each["MetricName"] for each in found} == set(asked_of_ours())
    for each in found:
        assert {pair["Name"]: pair["Value"] for pair in each["Dimensions"]} == {
            "domain": "pumps",
            "environment": "dev",
        }
    from moto.cloudwatch.models import cloudwatch_backends

    (backend,) = [each["eu-west-1"] for each in cloudwatch_backends.values()]
    values = {datum.name: datum.value for datum in backend.metric_data}
    assert values == {"beats": 1.0, "messages_behind": 40.0}, "twice within seconds is once"


def asked_of_ours() -> list[str]:
    text = (GUARD / "alarms.tf").read_text()
    blocks = re.findall(r"namespace\s+= var\.metrics_namespace\s+metric_name\s+= \"(\w+)\"", text)
    assert f'default     = "{NAMESPACE}"' in (GUARD / "variables.tf").read_text()
    return blocks


def test_that_it_cannot_be_told_is_said_once_and_stops_nothing(
    told: CloudWatch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "EVERY", 0.0)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    said: list[Event] = []
    with listening(said.append):
        told.beat(BEAT)
        told.beat(BEAT)
    assert [event.state for event in said] == ["failed"]


def test_without_an_environment_nobody_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics.boto3, "client", lambda *_, **__: pytest.fail("asked AWS"))
    CloudWatch(Settings()).beat(BEAT)
