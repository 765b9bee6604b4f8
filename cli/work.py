"""Hands work over: a flow runs in this process with a Prefect server for it alone, a job goes to the engine."""

import signal
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from contextvars import copy_context
from threading import Thread, current_thread, main_thread
from typing import Any, NoReturn, TypeVar

from cli.error_output import Stopped
from cli.run_record import recorded
from cli.watch import watching
from headrace.progress import Event, Listener, Stopwatch, listening, tell

T = TypeVar("T")
RUN_IN_PREFECT = "run in Prefect"
STOPS = (signal.SIGINT, signal.SIGTERM)


def flow(
    name: str,
    domain: str,
    *,
    needs_spark: bool = True,
    unless: Callable[..., dict[str, Any] | None] | None = None,
    estimated: float = 0.0,
    **parameters: Any,
) -> dict[str, Any]:
    """Runs the Prefect flow of that name, with its progress on the screen.

    unless: answers in its place where nothing is new, and then neither Prefect nor Spark is started. estimated: the
    seconds that it may take.
    """
    given = {key: value for key, value in parameters.items() if value is not None}
    with watching(), recorded(name, domain, estimated=estimated) as known:
        with listening(_keep_link(known)):
            done = _run_flow(name, domain, given, needs_spark, unless)
        known["rows"] = _rows_in(done)
    return done | {"took": known["stages"], "link": known.get("link", "")}


def _keep_link(known: dict[str, Any]) -> Listener:
    def keep(event: Event) -> None:
        if event.item == RUN_IN_PREFECT:
            known["link"] = event.note

    return keep


def _rows_in(done: dict[str, Any]) -> int:
    """The rows of bronze that came by a run."""
    tables = done.get("refined", done).get("tables") or ()
    return sum(each["rows_in"] for each in tables if each.get("layer") == "bronze")


def _run_flow(
    name: str,
    domain: str,
    given: dict[str, Any],
    needs_spark: bool,
    unless: Callable[..., dict[str, Any] | None] | None,
) -> dict[str, Any]:
    from headrace.settings import get_settings
    from tasks.defaults import has_server
    from tasks.temporary_server import start_server

    is_new = unless is None or _has_news(domain)
    if unless is not None and not is_new and not has_server():
        done = _stoppable(lambda: unless(domain, get_settings(), **given))
        if done is not None:
            return done
        is_new = True
    with _starting("Prefect"):
        if needs_spark and is_new:
            _warm_up()
        if has_server():  # one that stays is to hear of a run that is stopped
            return _flow(name).with_options(on_running=[_tell_link])(domain, **given)
        if "prefect" in sys.modules:
            return _flow(name)(domain, **given)
        server = start_server()
        run = _flow(name)
        server.wait()
        return _stoppable(lambda: run(domain, **given))


def _has_news(domain: str) -> bool:
    from headrace.refine.run import has_news

    return has_news(domain)


def job(name: str, domain: str, **options: Any) -> dict[str, Any]:
    """Runs one job and returns its summary."""
    from headrace.engines import Job, submit

    given = {key: value for key, value in options.items() if value is not None}
    with watching(), recorded(name, domain):
        return _stoppable(lambda: submit(Job(name, domain, given)).summary)  # type: ignore[arg-type]


def _stoppable(work: Callable[[], T]) -> T:
    """Runs work in a thread of its own while this one listens for signals; `guarded` then ends it.

    In the main thread, Prefect would take SIGTERM over, and all would wait for the query that Spark is at. What a
    cluster does has to be cancelled there, by who submitted it.
    """
    from headrace.settings import get_settings

    if get_settings().engine != "local" or current_thread() is not main_thread():
        return work()
    answer: Future[T] = Future()
    before = {number: signal.signal(number, _stop) for number in STOPS}
    Thread(target=copy_context().run, args=(_answer, answer, work), daemon=True, name="work").start()
    try:
        return answer.result()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _answer(answer: "Future[T]", work: Callable[[], T]) -> None:
    try:
        answer.set_result(work())
    except BaseException as error:
        answer.set_exception(error)


def _stop(number: int, _: object) -> NoReturn:
    for each in STOPS:
        signal.signal(each, signal.SIG_IGN)
    raise Stopped(number)


def end_work() -> None:
    """Spark first: it must not commit under leases that were given back."""
    from headrace.lake.lease import give_back_all

    if session := sys.modules.get("headrace.lake.session"):  # importing it takes longer than the rest
        session.end_spark()
    give_back_all()


def _warm_up() -> None:
    """Local Spark starts while Prefect does."""
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


def _flow(name: str) -> Any:
    """Prefect takes a second or two to import."""
    from importlib import import_module

    return getattr(import_module(f"flows.{name}"), name)


def _tell_link(_flow: object, run: Any, _state: object) -> None:
    """Where a server stays, a run can be looked at there."""
    from prefect.utilities.urls import url_for

    if link := url_for("flow-run", obj_id=run.id):
        tell(Event("start", RUN_IN_PREFECT, "done", note=link))
