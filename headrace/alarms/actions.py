"""Actions of operators, and where they come from: objects that a command leaves in a folder, or a topic."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal
from uuid import uuid4

from pydantic import Field, ValidationError

from headrace.contracts.model import Strict
from headrace.lake import objects
from headrace.lake.paths import Paths


class Action(Strict):
    """lasts: seconds of event time; of a shelving only."""

    action_id: str = Field(default_factory=lambda: uuid4().hex)
    what: Literal["acknowledge", "shelve", "unshelve"]
    alarm_id: str
    by: str = "operator"
    lasts: float | None = Field(None, gt=0)
    note: str = ""
    acted_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Received:
    """One action by its name, or why it is refused, as the commit that folds it in notes it."""

    name: str
    action: dict[str, Any] | None = None
    refused: str = ""


Receive = Callable[[Mapping[str, int]], tuple[list[Received], dict[str, int]]]
"""From the offsets of a topic of actions to what came since, and the offsets where it goes on."""


def read_action(body: bytes) -> Received:
    try:
        action = Action.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        refused = f"not an action ({where}: {problem['msg']}): {body[:200].decode(errors='replace')}"
        return Received(sha256(body).hexdigest()[:32], refused=refused)
    return Received(action.action_id, json.loads(action.model_dump_json()))


class Folder:
    """Actions as objects, the oldest first."""

    def __init__(self, paths: Paths) -> None:
        self._paths, self._objects = paths, dict[str, str]()

    def put(self, action: Action) -> None:
        name = f"{action.acted_at:%Y%m%dT%H%M%S%f}_{action.action_id}.json"
        objects.put(f"{self._paths.actions}/{name}", action.model_dump_json().encode())

    def receive(self) -> list[Received]:
        received = []
        for url in objects.list_under(self._paths.actions):
            if (body := objects.get(url)) is not None:
                received.append(read_action(body))
                self._objects[received[-1].name] = url
        return received

    def remove(self, received: Iterable[Received]) -> None:
        for each in received:
            if (url := self._objects.pop(each.name, None)) is not None:
                objects.delete(url)
