"""Hands work over: a flow runs in this process without a server of one's own, a job goes to the engine."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from cli.watch import watching
from headrace.progress import Event, Stopwatch, listening, tell


def flow(name: str, domain: str, *, needs_spark: bool = True, **parameters: Any) -> dict[str, Any]:
    """Runs the Prefect flow of that name, with its progress on the screen."""
    with watching(), _starting("Prefect"):
        if needs_spark:
            _warm_up()
        run = _flow(name)
        return run(domain, **{key: value for key, value in parameters.items() if value is not None})


def job(name: str, domain: str, **options: Any) -> dict[str, Any]:
    """Runs one job and returns its summary."""
    from headrace.engines import submit
    from headrace.engines.job import Job

    given = {key: value for key, value in options.items() if value is not None}
    with watching():
        return submit(Job(name, domain, given)).summary  # type: ignore[arg-type]


def _warm_up() -> None:
    """Local Spark starts while Prefect does."""
    from threading import Thread

    from headrace.settings import get_settings

    if get_settings().engine == "local":
        Thread(target=_start_spark, daemon=True, name="warm-up").start()


def _start_spark() -> None:
    from headrace.errors import HeadraceError
    from headrace.lake.session import get_spark

    with suppress(HeadraceError):  # whoever needs it will say so
        get_spark()


@contextmanager
def _starting(what: str) -> Iterator[None]:
    """Shows that something starts until the first sign of life from elsewhere."""
    watch, waiting = Stopwatch(), True

    def hear(event: Event) -> None:
        nonlocal waiting
        if waiting and event.item != what:
            waiting = False
            tell(Event("start", what, "done", seconds=watch.seconds))

    tell(Event("start", what, "started"))
    with listening(hear):
        yield


def _flow(name: str) -> Callable[..., dict[str, Any]]:
    """Prefect takes a second or two to import."""
    from importlib import import_module

    return getattr(import_module(f"flows.{name}"), name)
