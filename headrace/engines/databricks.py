"""Runs of Databricks, each submitted once, on a cluster that is there or on one that is made for it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import (
    BadRequest,
    DeadlineExceeded,
    InternalError,
    NotFound,
    PermissionDenied,
    TemporarilyUnavailable,
    TooManyRequests,
    Unauthenticated,
)
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.errors.private_link import PrivateLinkValidationError
from databricks.sdk.service.compute import AwsAttributes, ClusterSpec, DataSecurityMode
from databricks.sdk.service.jobs import Run, SparkPythonTask, SubmitTask
from databricks.sdk.service.jobs import RunLifecycleStateV2State as Life
from databricks.sdk.service.jobs import TerminationCodeCode as Why
from requests.exceptions import RequestException

from headrace.engines.steps import LINES_TOLD, Look, Program, State
from headrace.errors import HeadraceError, Transient
from headrace.lake.paths import as_s3
from headrace.settings import Settings

HOST = "Is DATABRICKS_HOST right?"
SAYS_NOT_THERE = ("does not exist", "doesn't exist", "not found")


@contextmanager
def refused(what: str, setting: str = "") -> Iterator[None]:
    """what: the resource as a person would name it; setting: what names it to us, if anything does."""
    try:
        yield
    except DatabricksError as error:
        raise as_told(error, what, setting) from error
    except TimeoutError as error:  # the SDK has tried again for as long as it may
        raise _gave_up(error, what) from error
    except RequestException as error:
        raise ConnectionError(f"{what}: {_answers_nothing(error)}") from error
    except ValueError as error:
        raise HeadraceError(
            f"{what}: there are no credentials for Databricks ({_first_line(error)}). Sign in (databricks auth login), "
            "or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE."
        ) from error


def as_told(error: DatabricksError, what: str, setting: str = "") -> HeadraceError:
    said, named = _first_line(error), f" ({setting})" if setting else ""
    if isinstance(error, PrivateLinkValidationError):
        return HeadraceError(f"{what}: the workspace is reached from its private network only ({said})")
    if isinstance(error, Unauthenticated):
        return HeadraceError(
            f"{what}: Databricks does not know these credentials ({said}). Which workspace are they of? Sign in again "
            "(databricks auth login), or set DATABRICKS_TOKEN."
        )
    if isinstance(error, PermissionDenied):
        return HeadraceError(
            f"{what}{named}: whoever DATABRICKS_TOKEN or DATABRICKS_CONFIG_PROFILE signs in lacks the right ({said}). "
            "Jobs need to create or attach to a cluster and to use its instance profile."
        )
    if isinstance(error, TooManyRequests):
        return Transient(f"{what}: Databricks asks for fewer requests at a time ({said})")
    if isinstance(error, InternalError | TemporarilyUnavailable | DeadlineExceeded):
        return Transient(f"{what}: Databricks is out of breath ({said})")
    if isinstance(error, NotFound) or (isinstance(error, BadRequest) and _is_missing(said)):
        return HeadraceError(f"{what}{named} is not there ({said}). {HOST}")
    return HeadraceError(f"{what}{named}: Databricks refused: {said}")


def _gave_up(error: TimeoutError, what: str) -> HeadraceError | ConnectionError:
    cause = error.__cause__
    if isinstance(cause, DatabricksError):
        return Transient(f"{as_told(cause, what)}, and did so each time we waited")
    return ConnectionError(f"{what}: {_answers_nothing(cause or error)}")


def _answers_nothing(error: BaseException) -> str:
    return f"Databricks does not answer ({_first_line(error)}). {HOST}"


def _is_missing(said: str) -> bool:
    return any(words in said for words in SAYS_NOT_THERE)


def _first_line(error: BaseException) -> str:
    """Below it the SDK writes what is of use to its makers alone."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")


PATIENCE = 60  # seconds for which the SDK tries again what may pass
TASK = "headrace"
CLUSTER = "HEADRACE_DATABRICKS_CLUSTER_ID"
NODE_TYPE = "HEADRACE_DATABRICKS_NODE_TYPE"
ONE_MACHINE = {"spark.databricks.cluster.profile": "singleNode", "spark.master": "local[*]"}

WAITS = (Life.BLOCKED, Life.PENDING, Life.QUEUED, Life.WAITING)
OVER: dict[Why | None, State] = {
    Why.SUCCESS: "done",
    Why.CANCELED: "cancelled",
    Why.USER_CANCELED: "cancelled",
}
NEVER_PASSES = (
    Why.INVALID_CLUSTER_REQUEST,
    Why.INVALID_RUN_CONFIGURATION,
    Why.RESOURCE_NOT_FOUND,
    Why.FEATURE_DISABLED,
    Why.UNAUTHORIZED_ERROR,
    Why.STORAGE_ACCESS_ERROR,
    Why.DISABLED,
    Why.BUDGET_POLICY_LIMIT_EXCEEDED,
)


class Runs:
    """Credentials and workspace are found by the SDK: DATABRICKS_HOST and DATABRICKS_TOKEN, or a profile."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        with refused("the workspace of Databricks"):
            config = Config(product="headrace", retry_timeout_seconds=PATIENCE)
            self._jobs, self._host = WorkspaceClient(config=config).jobs, config.host
        self._pages: dict[str, str] = {}

    def start(self, program: Program) -> str:
        """Under a token, so that asking again for want of an answer starts no second run."""
        cluster = self._settings.databricks_cluster_id
        what = f"cluster {cluster} of Databricks" if cluster else "a cluster of Databricks for this run"
        with refused(what, CLUSTER if cluster else NODE_TYPE):
            submitted = self._jobs.submit(
                run_name=program.name, tasks=[self._task(program)], idempotency_token=uuid.uuid4().hex
            )
        return str(submitted.bind()["run_id"])

    def look(self, step: str) -> Look:
        return _seen(self._run(step))

    def cancel(self, step: str) -> None:
        with refused(f"run {step} of Databricks"):
            self._jobs.cancel_run(int(step))

    def last_words(self, step: str) -> str:
        """Of its one task; a help, so that it can't be had must not hide what went wrong."""
        try:
            tasks = self._run(step).tasks or []
            with refused(f"what run {step} of Databricks said"):
                said = self._jobs.get_run_output(tasks[-1].run_id or 0) if tasks else None
        except (HeadraceError, ConnectionError):
            return ""
        parts = [said.logs, said.error, said.error_trace] if said else []
        lines = "\n".join(part for part in parts if part).splitlines()
        return "\n".join(lines[-LINES_TOLD:])

    def link(self, step: str) -> str:
        if step not in self._pages:
            try:
                self._run(step)
            except (HeadraceError, ConnectionError):
                return f"{self._host}/jobs"
        return self._pages[step]

    def _run(self, step: str) -> Run:
        with refused(f"run {step} of Databricks"):
            run = self._jobs.get_run(int(step))
        self._pages[step] = run.run_page_url or f"{self._host}/jobs"
        return run

    def _task(self, program: Program) -> SubmitTask:
        cluster = self._settings.databricks_cluster_id
        return SubmitTask(
            task_key=TASK,
            spark_python_task=SparkPythonTask(
                python_file=as_s3(program.package.entry),
                parameters=[*program.words, program.package.word],  # Delta and Kafka are in the runtime
            ),
            existing_cluster_id=cluster or None,
            new_cluster=None if cluster else _made_for_it(self._settings),
        )


def _made_for_it(settings: Settings) -> ClusterSpec:
    """Of whoever runs the job and nobody else: code that fetches code is not let onto a shared one."""
    alone, profile = settings.databricks_workers == 0, settings.databricks_instance_profile_arn
    return ClusterSpec(
        spark_version=settings.runtime,
        node_type_id=settings.databricks_node_type,
        num_workers=settings.databricks_workers,
        data_security_mode=DataSecurityMode.SINGLE_USER,
        spark_conf=ONE_MACHINE if alone else None,
        custom_tags={"ResourceClass": "SingleNode"} if alone else None,
        aws_attributes=AwsAttributes(instance_profile_arn=profile) if profile else None,
    )


def _seen(run: Run) -> Look:
    """A state that this version does not know is one of a run that is not over."""
    status, told = run.status, run.state
    why = status.termination_details if status else None
    said = (why.message if why else None) or (told.state_message if told else None) or ""
    if status is None or status.state is not Life.TERMINATED:
        return Look("waiting" if status and status.state in WAITS else "running", said)
    code = why.code if why else None
    return Look(OVER.get(code, "failed"), said, may_pass=code not in NEVER_PASSES)
