"""Requests of others to the standing job, which holds the leases of its tables for as long as it stands.

A request is an object in the lake, and so is its answer.
"""

import time
import uuid
from dataclasses import dataclass
from typing import Any

from headrace.errors import Busy, HeadraceError
from headrace.lake import objects
from headrace.lake.lease import living_holder
from headrace.lake.paths import Paths

LOOK_EVERY = 0.3
ANSWERED_WITHIN = 1800.0
ANSWER = ".answer.json"


@dataclass(frozen=True)
class Request:
    url: str
    wanted: dict[str, Any]

    def answer(self, done: dict[str, Any] | None = None, *, error: str = "") -> None:
        objects.put_json(_answer_to(self.url), {"done": done, "error": error})


def ask(paths: Paths, lease: str, wanted: dict[str, Any]) -> Any:
    """The answer; None where the job has ended meanwhile, so that whoever asks does it alone."""
    url = f"{paths.requests}/{uuid.uuid4().hex}.json"
    objects.put_json(url, wanted)
    try:
        return _awaited(url, lease)
    finally:
        objects.delete(url)
        objects.delete(_answer_to(url))


def open_requests(paths: Paths) -> list[Request]:
    """Requests without an answer."""
    names = set(objects.list_under(paths.requests))
    open_ones = [
        name for name in sorted(names) if not name.endswith(ANSWER) and _answer_to(name) not in names
    ]
    found = ((name, objects.get_json(name)) for name in open_ones)
    return [Request(name, wanted) for name, wanted in found if wanted is not None]


def _awaited(url: str, lease: str) -> Any:
    end = time.monotonic() + ANSWERED_WITHIN
    while time.monotonic() < end:
        answer = objects.get_json(_answer_to(url))
        if answer is not None:
            if answer["error"]:
                raise HeadraceError(f"the standing job could not do it: {answer['error']}")
            return answer["done"]
        holder = living_holder(lease)
        if holder is None or not holder.is_standing:
            return None
        time.sleep(LOOK_EVERY)
    raise Busy(f"the standing job gave no answer in {ANSWERED_WITHIN / 60:.0f} minutes; try again")


def _answer_to(url: str) -> str:
    return url.removesuffix(".json") + ANSWER
