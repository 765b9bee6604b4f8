"""What an environment that is new, or asleep, does not have yet. Known by its words: what a step died of comes back
from a cluster as text."""

import re

ENDED = "its cluster, which has ended: terraform apply makes another"
SAYS = (
    (re.compile(r"(\w+\.\w+) does not exist yet"), "{}, which does not exist yet"),
    (re.compile(r"needs (\w+\.\w+), which is not there yet"), "{}, which does not exist yet"),
    (re.compile(r"has no topic '([^']+)'"), "its topic {}"),
    (re.compile(r"is gone \((terminating|terminated)\b"), ENDED),  # with errors is another matter
)


def waits_for(said: str) -> str | None:
    """None where what was said is of no such thing."""
    for pattern, what in SAYS:
        if (found := pattern.search(said)) is not None:
            return what.format(found[1])
    return None
