"""Hands jobs to the engine and waits. Only what may pass by itself is worth a second try."""

from typing import Any

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from headrace.engines import submit_all as hand_over
from headrace.engines.job import Job
from headrace.trouble import may_pass
from tasks.report import report_step


def is_worth_another_try(task: Task[..., Any], run: TaskRun, state: State[Any]) -> bool:  # noqa: ARG001
    error = state.result(raise_on_failure=False)
    return isinstance(error, BaseException) and may_pass(error)


@task(
    name="submit",
    task_run_name="{what}",
    retries=4,
    retry_delay_seconds=exponential_backoff(
        10
    ),  # 10, 20, 40, 80: longer in all than a lease outlives its holder
    retry_jitter_factor=0.3,
    retry_condition_fn=is_worth_another_try,
    cache_policy=NO_CACHE,
)
def submit(what: str, jobs: list[Job]) -> list[dict[str, Any]]:
    """what: as the UI names it."""
    results = hand_over(jobs)
    report_step(what, results[0].link)
    return [result.summary for result in results]
