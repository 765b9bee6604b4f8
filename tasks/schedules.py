"""What comes by schedule waits for what is not there yet, and says so. By hand it is an error."""

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from prefect.context import FlowRunContext
from prefect.states import Completed

from headrace.errors import NotReady

P = ParamSpec("P")
R = TypeVar("R")


def patient(flow: Callable[P, R]) -> Callable[P, R]:
    """Beneath @flow: a scheduled run for which there is nothing to work on yet ends well, and nobody gets a mail."""

    @wraps(flow)
    def waiting(*given: P.args, **named: P.kwargs) -> R:
        try:
            return flow(*given, **named)
        except NotReady as error:
            if not by_schedule():
                raise
            return well(f"waits for {error.waits_for}")

    return waiting


def by_schedule() -> bool:
    context = FlowRunContext.get()
    run = context.flow_run if context else None
    return bool(run and run.auto_scheduled)


def well(said: str, done: Any = None) -> Any:
    """A flow that returns it has ended well, with these words."""
    return Completed(message=said, data=done)
