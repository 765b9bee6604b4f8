"""The last good version of each table, which readers follow: one small object a table."""

from dataclasses import asdict, dataclass

from headrace.lake import objects
from headrace.lake.paths import Paths


@dataclass(frozen=True)
class Published:
    """The version that passed its scan last, the checks it passed, and as of when."""

    version: int
    rules: str = ""
    as_of: str = ""


def last_good(paths: Paths, layer: str, table: str) -> Published | None:
    found = objects.get_json(paths.published(layer, table))
    return None if found is None else Published(**found)


def publish(paths: Paths, layer: str, table: str, good: Published) -> None:
    objects.put_json(paths.published(layer, table), asdict(good))
