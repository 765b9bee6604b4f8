"""Runs of Databricks, each submitted once, on a cluster that is there or on one that is made for it."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from databricks.sdk import WorkspaceClient, errors
from databricks.sdk.core import Config
from databricks.sdk.errors.base import DatabricksError
from databricks.sdk.errors.private_link import PrivateLinkValidationError
from databricks.sdk.service.compute import AwsAttributes, ClusterSpec, DataSecurityMode
from databricks.sdk.service.jobs import Run, SparkPythonTask, SubmitTask
from databricks.sdk.service.jobs import RunLifecycleStateV2State as Life
from databricks.sdk.service.jobs import TerminationCodeCode as Why
from requests.exceptions import RequestException

from headrace.engines.cluster import LOG_LINES, Look, Program, State
from headrace.errors import HeadraceError, Transient
from headrace.lake.paths import as_s3
from headrace.settings import Settings

HOST = "Is DATABRICKS_HOST right?"
NOT_THERE = ("does not exist", "doesn't exist", "not found")


@contextmanager
def refused(what: str, setting: str = "") -> Iterator[None]:
    """what: the resource as a person would name it; setting: what names it to us, if anything does."""
    try:
        yield
    except DatabricksError as error:
        raise _explained(error, what, setting) from error
    except TimeoutError as error:  # the SDK has tried again for as long as it may
        cause = error.__cause__
        if isinstance(cause, DatabricksError):
            raise Transient(f"{_explained(cause, what)}, and did so each time we waited") from error
        raise ConnectionError(f"{what}: {_unanswered(cause or error)}") from error
    except RequestException as error:
        raise ConnectionError(f"{what}: {_unanswered(error)}") from error
    except ValueError as error:
        raise HeadraceError(
            f"{what}: there are no credentials for Databricks ({_first_line(error)}). Sign in (databricks auth login), "
            "or set DATABRICKS_HOST and DATABRICKS_TOKEN, or DATABRICKS_CONFIG_PROFILE."
        ) from error


def _explained(error: DatabricksError, what: str, setting: str = "") -> HeadraceError:
    message, named = _first_line(error), f" ({setting})" if setting else ""
    is_missing = isinstance(error, errors.NotFound) or (
        isinstance(error, errors.BadRequest) and any(words in message for words in NOT_THERE)
    )
    if isinstance(error, PrivateLinkValidationError):
        return HeadraceError(f"{what}: the workspace is reached from its private network only ({message})")
    if isinstance(error, errors.Unauthenticated):
        return HeadraceError(
            f"{what}: Databricks does not know these credentials ({message}). Which workspace are they of? Sign in "
            "again (databricks auth login), or set DATABRICKS_TOKEN."
        )
    if isinstance(error, errors.PermissionDenied):
        return HeadraceError(
            f"{what}{named}: whoever DATABRICKS_TOKEN or DATABRICKS_CONFIG_PROFILE signs in lacks the right "
            f"({message}). Jobs need to create or attach to a cluster and to use its instance profile."
        )
    if isinstance(error, errors.TooManyRequests):
        return Transient(f"{what}: Databricks asks for fewer requests at a time ({message})")
    if isinstance(error, errors.InternalError | errors.TemporarilyUnavailable | errors.DeadlineExceeded):
        return Transient(f"{what}: Databricks is out of breath ({message})")
    if is_missing:
        return HeadraceError(f"{what}{named} is not there ({message}). {HOST}")
    return HeadraceError(f"{what}{named}: Databricks refused: {message}")


def _unanswered(error: BaseException) -> str:
    return f"Databricks does not answer ({_first_line(error)}). {HOST}"


def _first_line(error: BaseException) -> str:
    """Below it the SDK writes what is of use to its makers alone."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")


PATIENCE = 60  # seconds for which the SDK tries again what may pass
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
        task = SubmitTask(
            task_key="headrace",
            spark_python_task=SparkPythonTask(
                python_file=as_s3(program.package.entry),
                parameters=program.words_and_archives,  # Delta and Kafka are in the runtime
            ),
            existing_cluster_id=cluster or None,
            new_cluster=None if cluster else _made_for_it(self._settings),
        )
        what = f"cluster {cluster} of Databricks" if cluster else "a cluster of Databricks for this run"
        setting = "HEADRACE_DATABRICKS_CLUSTER_ID" if cluster else "HEADRACE_DATABRICKS_NODE_TYPE"
        with refused(what, setting):
            submitted = self._jobs.submit(
                run_name=program.name, tasks=[task], idempotency_token=uuid.uuid4().hex
            )
        return str(submitted.bind()["run_id"])

    def look(self, step: str) -> Look:
        """A state that this version does not know is one of a run that is not over."""
        run = self._run(step)
        status = run.status
        why = status.termination_details if status else None
        message = (why.message if why else None) or (run.state.state_message if run.state else None) or ""
        if status is None or status.state is not Life.TERMINATED:
            return Look("waiting" if status and status.state in WAITS else "running", message)
        code = why.code if why else None
        return Look(OVER.get(code, "failed"), message, may_pass=code not in NEVER_PASSES)

    def cancel(self, step: str) -> None:
        with refused(f"run {step} of Databricks"):
            self._jobs.cancel_run(int(step))

    def last_words(self, step: str) -> str:
        """Of its one task; a help, so that it can't be had must not hide what went wrong."""
        try:
            tasks = self._run(step).tasks
            if not tasks:
                return ""
            with refused(f"what run {step} of Databricks said"):
                output = self._jobs.get_run_output(tasks[-1].run_id or 0)
        except (HeadraceError, ConnectionError):
            return ""
        parts = [output.logs, output.error, output.error_trace]
        lines = "\n".join(part for part in parts if part).splitlines()
        return "\n".join(lines[-LOG_LINES:])

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
