"""Every service: a call that an SDK repeats, because the answer was lost, gets the same answer."""

from collections import OrderedDict
from collections.abc import Iterable
from functools import partial
from threading import Lock
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from werkzeug.wrappers import Response

from rehearsal.aws.patches import Operation, continues

KEPT = 256
CHANGING = ("POST", "PUT", "DELETE", "PATCH")


class Answers:
    """The last ones that did what was asked, by the id that an SDK gives to a call and to its repetitions."""

    def __init__(self) -> None:
        self._lock, self._answers = Lock(), OrderedDict[str, Response]()

    def of(self, call: str) -> Response | None:
        with self._lock:
            return self._answers.get(call)

    def keep(self, call: str, answer: Response) -> None:
        with self._lock:
            self._answers[call] = answer
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)


_answers = Answers()


@continues(DomainDispatcherApplication, "a rule whose making was asked twice is refused as a duplicate")
def __call__(before: Operation, self: Any, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:  # noqa: N807
    call = environ.get("HTTP_AMZ_SDK_INVOCATION_ID", "")
    if not call or environ["REQUEST_METHOD"] not in CHANGING:
        return before(self, environ, start_response)  # type: ignore[no-any-return]
    answer = _answers.of(call)
    if answer is not None:
        print(f"answered again: {environ['REQUEST_METHOD']} {environ['PATH_INFO']} ({call})", flush=True)
    else:
        answer = Response.from_app(partial(before, self), environ, buffered=True)
        if answer.status.startswith("2"):
            _answers.keep(call, answer)
    return answer(environ, start_response)
