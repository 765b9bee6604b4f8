"""Actions of operators, and where they come from: an object each, left by a command. A topic is another such place."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, Literal, Protocol
from uuid import uuid4

from pydantic import Field, ValidationError

from headrace.contracts.model import Strict
from headrace.lake import objects
from headrace.lake.paths import Paths

What = Literal["acknowledge", "shelve", "unshelve"]


class Action(Strict):
    """lasts: seconds of event time; of a shelving only."""

    action_id: str = Field(default_factory=lambda: uuid4().hex)
    what: What
    alarm_id: str
    by: str = "operator"
    lasts: float | None = Field(None, gt=0)
    note: str = ""
    acted_at: datetime = Field(default_factory=lambda: datetime.now(UTC))


@dataclass(frozen=True)
class Received:
    """One action, or why it is none, by its name; as it is noted with the commit that folded it in."""

    name: str
    action: dict[str, Any] | None = None
    refused: str = ""

    def as_action(self) -> Action | None:
        return Action.model_validate(self.action) if self.action else None


class Inbox(Protocol):
    def receive(self, offsets: Mapping[str, int]) -> tuple[list[Received], dict[str, int]]:
        """What came since these offsets, and where it goes on; an inbox without offsets gives all it has."""
        ...

    def done(self, received: Iterable[Received]) -> None:
        """They are stored: whoever keeps them may forget them."""
        ...


def read_action(body: bytes) -> Received:
    try:
        action = Action.model_validate_json(body)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(str(part) for part in problem["loc"])
        said = f"not an action ({where}: {problem['msg']}): {body[:200].decode(errors='replace')}"
        return Received(sha256(body).hexdigest()[:32], refused=said)
    return Received(action.action_id, json.loads(action.model_dump_json()))


class Folder:
    """Actions as objects, the oldest first."""

    def __init__(self, paths: Paths) -> None:
        self._paths = paths
        self._objects: dict[str, str] = {}

    def put(self, action: Action) -> None:
        name = f"{action.acted_at:%Y%m%dT%H%M%S%f}_{action.action_id}.json"
        objects.put(f"{self._paths.actions}/{name}", action.model_dump_json().encode())

    def receive(self, offsets: Mapping[str, int]) -> tuple[list[Received], dict[str, int]]:  # noqa: ARG002
        found = []
        for url in objects.list_under(self._paths.actions):
            body = objects.get(url)
            if body is not None:
                received = read_action(body)
                self._objects[received.name] = url
                found.append(received)
        return found, {}

    def done(self, received: Iterable[Received]) -> None:
        for each in received:
            if (url := self._objects.pop(each.name, None)) is not None:
                objects.delete(url)
