"""What a run may cost."""

from time import monotonic
from typing import Annotated

from pydantic import Field

from headrace.cost.bill import check_dollars, place_of, stop_beyond
from headrace.engines.environment import where_jobs_run
from headrace.settings import get_settings

Dollars = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Budget:
    """Counted by the hours that the environment stands for the run, from its first check: waiting costs nothing."""

    def __init__(self, work: str, dollars: float | None) -> None:
        self._work, self._dollars, self._began = work, dollars, 0.0
        if dollars is not None:
            check_dollars(dollars, work)
            # Whose prices are not known is told before anything is done.
            self._place = place_of(where_jobs_run(get_settings()))

    def check(self) -> None:
        """Before each step: raises where what was taken so far is beyond it."""
        self._began = self._began or monotonic()
        if self._dollars is not None:
            stop_beyond(self._dollars, self._work, monotonic() - self._began, self._place)
