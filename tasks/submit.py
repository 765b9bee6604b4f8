"""Hands a job to the engine and waits. Only a failed connection is worth a second try."""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task

from headrace.engines import submit as hand_over
from headrace.engines.job import Job
from headrace.errors import HeadraceError

NETWORK = ("botocore.", "urllib3.", "requests.", "httpx.", "httpcore.")


def is_network_failure(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    error = state.result(raise_on_failure=False)
    while isinstance(error, BaseException) and not isinstance(error, HeadraceError):
        if isinstance(error, ConnectionError) or f"{type(error).__module__}.".startswith(NETWORK):
            return True
        error = error.__cause__
    return False


@task(
    name="submit",
    task_run_name="{job}",
    retries=2,
    retry_delay_seconds=[10, 60],
    retry_condition_fn=is_network_failure,
    cache_policy=NO_CACHE,
)
def submit(job: Job) -> dict[str, Any]:
    return hand_over(job).summary
