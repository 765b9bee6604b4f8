"""Telling people."""

from prefect import task
from prefect.cache_policies import NO_CACHE
from prefect.tasks import exponential_backoff

from headrace.progress import tell_people
from headrace.settings import get_settings
from tasks.submit import is_worth_another_try


@task(
    name="tell",
    retries=4,
    retry_delay_seconds=exponential_backoff(5),
    retry_jitter_factor=0.3,
    retry_condition_fn=is_worth_another_try,
    cache_policy=NO_CACHE,
)
def told(what: str, about: str) -> bool:
    return tell_people(what, about, get_settings())
