"""What is there while a rehearsal goes on, and what everyone asks of it."""

import os
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import boto3

from headrace.engines.cluster import State
from headrace.engines.emr import ON_CLUSTER, ON_SERVERLESS
from headrace.engines.environment import told_by_terraform, where_jobs_run
from headrace.lake.jars import COMPILES_LITTLE
from headrace.settings import Settings
from rehearsal.aws.server_process import Aws
from rehearsal.cloud.prefect_processes import Prefect
from rehearsal.kafka import Broker
from rehearsal.terraform import Terraform
from rehearsal.yarn import Yarn

INSTEAD = {"HEADRACE_KAFKA_SECURITY": "plaintext", "HEADRACE_METRICS_PORT": "0"}
"""What holds here and not in AWS: the broker in MSK's place takes no signatures, and ports are shared."""


@dataclass(frozen=True)
class Step:
    id: str
    name: str
    state: State


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
    data: Terraform = field(init=False)
    compute: Terraform = field(init=False)

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def steps_home(self) -> Path:
        """Where EMR's stand-in runs what it is asked for."""
        return self.home / "steps"

    @property
    def yarn(self) -> Yarn:
        return Yarn(self.steps_home / "yarn")

    @property
    def headrace(self) -> Path:
        return self.checkout / ".venv/bin/headrace"

    def here(self, domain: str) -> Settings:
        """Of a run on this machine alone."""
        home = self.home / "here" / domain
        return Settings(home=home, metrics_port=0, java_options=COMPILES_LITTLE)

    @cached_property
    def there(self) -> Settings:
        """As Terraform tells them."""
        os.environ["TF_DATA_DIR"] = str(self.compute.data)
        told = told_by_terraform(self.compute.folder)
        instead = {name.removeprefix("HEADRACE_").lower(): value for name, value in INSTEAD.items()}
        return where_jobs_run(Settings.model_validate({"home": self.home / "there", **told, **instead}))

    def steps(self) -> list[Step]:
        """All that EMR was asked to run."""
        asked, emr_id = self.there.emr_kind, self.there.emr_id
        if asked == "serverless":
            runs = boto3.client("emr-serverless").get_paginator("list_job_runs")
            pages = runs.paginate(applicationId=emr_id)
            return [
                Step(run["id"], run["name"], ON_SERVERLESS[run["state"]])
                for page in pages
                for run in page["jobRuns"]
            ]
        pages = boto3.client("emr").get_paginator("list_steps").paginate(ClusterId=emr_id)
        steps = (step for page in pages for step in page["Steps"])
        return [Step(each["Id"], each["Name"], ON_CLUSTER[each["Status"]["State"]]) for each in steps]
