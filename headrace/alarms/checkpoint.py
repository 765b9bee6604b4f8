"""What the engine remembers, as one object beside the table: a snapshot, from which the rest is made again."""

import io
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace

import numpy as np

from headrace.alarms.events import TABLE
from headrace.lake import objects
from headrace.lake.paths import Paths

ACTIONS_KNOWN = 10_000


@dataclass(frozen=True)
class Position:
    """How far it has come. `began`: the version of the followed table that was read first, as a whole; `read`: the
    newest one read; `stored`: the newest version of the table of alarms; `senders`: of the senders' table."""

    began: int
    read: int
    stored: int = -1
    senders: int = -1
    known: tuple[str, ...] = ()
    """Names of the newest actions, each of which counts once."""
    offsets: dict[str, int] = field(default_factory=dict)


def save(paths: Paths, mark: Position, state: Mapping[str, np.ndarray]) -> None:
    body = io.BytesIO()
    text = np.frombuffer(json.dumps(asdict(mark)).encode(), np.uint8)
    np.savez(body, mark=text, **{f"engine.{name}": array for name, array in state.items()})  # type: ignore[arg-type]
    objects.put(_file(paths), body.getvalue())
    objects.put_json(_mark_file(paths), asdict(replace(mark, known=())))


def oldest_needed(paths: Paths, table: str) -> int | None:
    """The newest version of a table (the followed one, or that of alarms) whose log a restart can do without; None
    where no snapshot was ever saved."""
    found = objects.get_json(_mark_file(paths))
    return None if found is None else int(found["stored" if table == TABLE else "read"])


def load(paths: Paths) -> tuple[Position, dict[str, np.ndarray]] | None:
    body = objects.get(_file(paths))
    if body is None:
        return None
    with np.load(io.BytesIO(body)) as found:
        kept = json.loads(found["mark"].tobytes())
        state = {name.removeprefix("engine."): found[name] for name in found.files if name != "mark"}
    return Position(**{**kept, "known": tuple(kept["known"])}), state


def _mark_file(paths: Paths) -> str:
    return f"{paths.checkpoint('silver', TABLE)}/mark.json"


def _file(paths: Paths) -> str:
    return f"{paths.checkpoint('silver', TABLE)}/state.npz"
