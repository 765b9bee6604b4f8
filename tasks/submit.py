"""Hands jobs to the engine and waits, with its progress in Prefect's log. Only what may pass by itself is worth a
second try."""

import re
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.tasks import Task, exponential_backoff

from headrace.engines import Job
from headrace.engines import submit_all as hand_over
from headrace.errors import may_pass
from headrace.progress import Event, listening
from tasks.report import report_step

LINK = re.compile(r"https?://\S+")


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
    log = get_run_logger()

    def hear(event: Event) -> None:
        if event.state != "going" or event.note:
            log.info(in_words(event))
        if event.state == "started" and (link := LINK.search(event.note)):
            report_step(jobs[0].domain, what, link[0])

    with listening(hear):
        return [result.summary for result in hand_over(jobs)]


def in_words(event: Event) -> str:
    took = f" in {event.seconds:,.0f} s" if event.seconds and event.state == "done" else ""
    return f"{event.stage} {event.item}: {event.state}{took} {event.note}".rstrip()
