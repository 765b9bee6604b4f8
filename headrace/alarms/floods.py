"""More alarms than an operator can take: counted by console, over the last ten minutes or so."""

from collections import deque
from collections.abc import Iterator
from typing import Any

from headrace.alarms.rules import FloodRule


class Floods:
    def __init__(self, rule: FloodRule) -> None:
        self._rule, self._within = rule, round(rule.within.total_seconds() * 1e6)
        self._recent: dict[int, deque[int]] = {}
        self._since: dict[int, int] = {}

    def is_on(self, console: int) -> bool:
        return console in self._since

    @property
    def consoles(self) -> list[int]:
        return sorted(self._since)

    def counts(self, console: int, at: int) -> bool:
        """One more alarm that an operator was told of, or would have been; says whether a flood begins with it."""
        recent = self._recent.setdefault(console, deque(maxlen=self._rule.begins + 1))
        recent.append(at)
        begins = not self.is_on(console) and len(self._newer(recent, at)) > self._rule.begins
        if begins:
            self._since[console] = at
        return begins

    def ended(self, at: int) -> Iterator[tuple[int, int]]:
        """Consoles whose flood is over by now, and since when."""
        for console in self.consoles:
            recent = sorted(self._recent[console])
            over = recent[-self._rule.ends] + self._within if self._rule.ends else recent[-1] + self._within
            if over <= at:
                del self._since[console]
                yield console, over

    def state(self) -> dict[str, Any]:
        return {
            "recent": {str(console): list(recent) for console, recent in self._recent.items()},
            "since": {str(console): at for console, at in self._since.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        most = self._rule.begins + 1
        self._recent = {int(console): deque(recent, most) for console, recent in state["recent"].items()}
        self._since = {int(console): at for console, at in state["since"].items()}

    def _newer(self, recent: deque[int], at: int) -> list[int]:
        return [each for each in recent if at - each < self._within]
