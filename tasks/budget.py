"""What a run may cost."""

from time import monotonic

from headrace.cost.guard import place_of, stop_beyond
from headrace.settings import get_settings


class Budget:
    """Counted by the hours that the environment stands for the run."""

    def __init__(self, work: str, dollars: float | None) -> None:
        self._work, self._dollars, self._began = work, dollars, monotonic()

    def check(self) -> None:
        """Before each step: raises where what was taken so far is beyond it."""
        if self._dollars is not None:
            stop_beyond(self._dollars, self._work, monotonic() - self._began, place_of(get_settings()))
