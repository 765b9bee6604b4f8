"""One at a time: runs that write tables of the same domain wait for each other instead of meeting at a lease."""

from collections.abc import Iterator
from contextlib import contextmanager

from prefect.client.orchestration import get_client
from prefect.concurrency.sync import concurrency
from prefect.runtime import deployment
from prefect.utilities.timeout import timeout

HOUR = 3600.0


@contextmanager
def turn_of(domain: str, *, hours: float) -> Iterator[None]:
    """Of deployed runs. What a person starts by hand says at once who is at work. hours: for which the turn may last;
    waiting for it is not counted."""
    with _turn(domain), timeout(hours * HOUR):
        yield


@contextmanager
def _turn(domain: str) -> Iterator[None]:
    if not deployment.id:
        yield
        return
    name = f"headrace-{domain}"
    with get_client(sync_client=True) as client:
        client.upsert_global_concurrency_limit_by_name(name, 1)
    with concurrency(name, strict=True, raise_on_lease_renewal_failure=False):
        yield
