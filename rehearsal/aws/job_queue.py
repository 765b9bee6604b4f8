"""Jobs that were submitted and wait: steps of an EMR cluster, and runs of EMR Serverless."""

import re
import shlex
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from moto.emr.models import emr_backends
from moto.emrserverless.models import emrserverless_backends

from rehearsal.aws.spark_submit import Submission

GONE = ("TERMINATING", "TERMINATED", "TERMINATED_WITH_ERRORS")
SIZES = re.compile(r"spark\.(emr-serverless\.)?(driver|executor)\.(cores|memory|memoryOverhead|disk)=")


class Asked(Protocol):
    """Moves its own state, in the words of whoever holds it."""

    @property
    def id(self) -> str: ...

    @property
    def place(self) -> Path:
        """Below the stand-in's folder."""
        ...

    @property
    def logs(self) -> str:
        """The folder for what the driver says, as a URL."""
        ...

    def logs_of(self, application: str, container: str) -> str:
        """The same for a container of YARN."""
        ...

    @property
    def is_called_off(self) -> bool: ...

    def may_begin(self, running: int) -> bool:
        """running: how many run there already. One that may not says that it waits."""
        ...

    def begins(self) -> Submission: ...

    def ends(self, code: int) -> None: ...


class Step:
    def __init__(self, cluster: Any, step: Any) -> None:
        self._cluster, self._step = cluster, step
        self.id: str = step.id
        self.place = Path(cluster.id, step.id)
        self._log_uri = f"{(cluster.log_uri or '').rstrip('/')}/{cluster.id}"
        self.logs = f"{self._log_uri}/steps/{step.id}"

    def logs_of(self, application: str, container: str) -> str:
        return f"{self._log_uri}/containers/{application}/{container}"

    @property
    def is_called_off(self) -> bool:
        return self._step.state == "CANCELLED" or self._cluster.state in GONE

    def may_begin(self, running: int) -> bool:
        """The cluster says how many steps may run at once."""
        may = running < int(self._cluster.step_concurrency_level or 1)
        if not may:
            self._step.state = "PENDING"
        return may

    def begins(self) -> Submission:
        self._step.state, self._step.start_datetime = "RUNNING", datetime.now(UTC)
        return Submission(self._step.args)

    def ends(self, code: int) -> None:
        if not self.is_called_off:
            self._step.state = "COMPLETED" if code == 0 else "FAILED"
        self._step.end_date_time = datetime.now(UTC)


class Run:
    """An application has as many machines as are asked of it, so none waits."""

    def __init__(self, application: Any, run: Any) -> None:
        self._application, self._run = application, run
        self.id: str = run.id
        self.place = Path(application.id, run.id)
        overrides = run.configuration_overrides or {}
        to_s3 = overrides.get("monitoringConfiguration", {}).get("s3MonitoringConfiguration", {})
        below = f"applications/{application.id}/jobs/{run.id}"
        self._log_uri = f"{to_s3.get('logUri', '').rstrip('/')}/{below}"
        self.logs = f"{self._log_uri}/SPARK_DRIVER"

    def logs_of(self, application: str, container: str) -> str:  # noqa: ARG002
        return f"{self._log_uri}/SPARK_EXECUTOR/{container}"

    @property
    def is_called_off(self) -> bool:
        return bool(self._run.state == "CANCELLED")

    def may_begin(self, running: int) -> bool:  # noqa: ARG002
        return True

    def begins(self) -> Submission:
        """Unlike a step, a driver of EMR Serverless finds the archives unpacked beside it."""
        self._run.state, self._application.state = "RUNNING", "STARTED"
        submit = self._run.job_driver["sparkSubmit"]
        given = _unsized(shlex.split(submit.get("sparkSubmitParameters", "")))
        words = ["spark-submit", *given, submit["entryPoint"], *submit.get("entryPointArguments", [])]
        return Submission(words, _promised(given), _archives(given))

    def ends(self, code: int) -> None:
        if not self.is_called_off:
            self._run.state = "SUCCESS" if code == 0 else "FAILED"
            self._run.state_details = "" if code == 0 else f"the driver ended with {code}"


def all_asked() -> Iterator[Asked]:
    for backend in _of_everyone(emr_backends):
        for cluster in list(backend.clusters.values()):
            yield from (Step(cluster, step) for step in list(cluster.steps))
    for backend in _of_everyone(emrserverless_backends):
        for application, runs in list(backend.job_runs.items()):
            yield from (Run(backend.applications[application], run) for run in list(runs))


def _of_everyone(backends: Any) -> Iterator[Any]:
    for of_account in list(backends.values()):
        yield from list(of_account.values())


def _promised(given: Sequence[str]) -> dict[str, str]:
    prefix = "spark.emr-serverless.driverEnv."
    pairs = (each.removeprefix(prefix).split("=", 1) for each in given if each.startswith(prefix))
    return dict(pairs)


def _unsized(given: list[str]) -> list[str]:
    """Without how large its machines are to be: this one is smaller."""
    words = iter(given)
    kept = []
    for word in words:
        pair = [word, next(words)]
        kept += [] if word == "--conf" and SIZES.match(pair[1]) else pair
    return kept


def _archives(given: Sequence[str]) -> dict[str, str]:
    """By the name that each is to have."""
    named = given[given.index("--archives") + 1].split(",") if "--archives" in given else []
    return {name: url for url, name in (each.split("#") for each in named)}
