"""What is there while a rehearsal goes on, and what everyone asks of it."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3

from headrace.engines.environment import told_by_terraform
from headrace.settings import Settings
from rehearsal.aws.running import Aws
from rehearsal.cloud.orchestra import Prefect
from rehearsal.kafka import Broker
from rehearsal.terraform import Terraform

INSTEAD = {"HEADRACE_KAFKA_SECURITY": "plaintext", "HEADRACE_METRICS_PORT": "0"}
"""What holds here and not in AWS: the broker in MSK's place takes no signatures, and ports are shared."""


@dataclass
class Site:
    """`stack` ends what was started, the last first."""

    home: Path
    stack: ExitStack
    aws: Aws = field(init=False)
    prefect: Prefect = field(init=False)
    broker: Broker = field(init=False)
    checkout: Path = field(init=False)
    environment: dict[str, str] = field(init=False)
    bootstrap: Terraform = field(init=False)
    dev: Terraform = field(init=False)

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def headrace(self) -> Path:
        return self.checkout / ".venv/bin/headrace"

    def here(self, domain: str) -> Settings:
        """Of a run on this machine alone."""
        return Settings(home=self.home / "here" / domain, metrics_port=0, _env_file=None)

    @property
    def there(self) -> Settings:
        """As Terraform tells them."""
        os.environ["TF_DATA_DIR"] = str(self.dev.data)
        told = told_by_terraform(self.dev.folder)
        instead = {name.removeprefix("HEADRACE_").lower(): value for name, value in INSTEAD.items()}
        return Settings.model_validate({"home": self.home / "there", **told, **instead})

    @property
    def cluster(self) -> str:
        living = ["WAITING", "RUNNING", "STARTING"]
        (cluster,) = boto3.client("emr").list_clusters(ClusterStates=living)["Clusters"]
        return str(cluster["Id"])

    def steps(self) -> list[dict[str, Any]]:
        pages = boto3.client("emr").get_paginator("list_steps").paginate(ClusterId=self.cluster)
        return [step for page in pages for step in page["Steps"]]
