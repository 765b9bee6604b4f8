"""What the alarms of an environment watch: that the standing job lives, and how far it is behind.

Spark keeps its place in the checkpoint and tells Kafka nothing of it, so nobody else could tell.
"""

import time
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from headrace.live.heartbeat import Heartbeat
from headrace.progress import Event, tell
from headrace.settings import Settings

NAMESPACE = "Headrace"
EVERY = 30.0
PATIENCE = Config(connect_timeout=3, read_timeout=3, retries={"total_max_attempts": 2})


class ToldToCloudWatch:
    """That it can't be told is a pity and no reason to stop; the alarm on silence will tell of that as well."""

    def __init__(self, settings: Settings) -> None:
        self._environment, self._at, self._failed = settings.environment, 0.0, False
        self._client: Any = None

    def beat(self, heartbeat: Heartbeat) -> None:
        if not self._environment or time.monotonic() - self._at < EVERY:
            return
        self._at = time.monotonic()
        try:
            self._client = self._client or boto3.client("cloudwatch", config=PATIENCE)
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=self._figures(heartbeat))
            self._failed = False
        except (BotoCoreError, ClientError) as error:
            if not self._failed:
                tell(Event("stream", "CloudWatch", "failed", note=f"it is not told how we do: {error}"))
            self._failed = True

    def _figures(self, heartbeat: Heartbeat) -> list[dict[str, Any]]:
        told = {"beats": 1.0}
        lags = [flow.lag for flow in heartbeat.flows if flow.lag is not None]
        if lags:
            told["messages_behind"] = float(max(lags))
        whose = [
            {"Name": "domain", "Value": heartbeat.domain},
            {"Name": "environment", "Value": self._environment},
        ]
        return [
            {"MetricName": name, "Dimensions": whose, "Value": value, "Unit": "Count"}
            for name, value in told.items()
        ]
