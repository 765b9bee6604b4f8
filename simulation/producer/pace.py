"""So many messages a second, on average: what a short pause held up is made up for, a longer one is let go."""

import threading
import time

TICK, SETTLE_EVERY = 0.02, 1.0
CATCHES_UP_SECONDS = 10.0
FASTER = 4


class Pace:
    """How many messages are due by now. The clock starts with the first."""

    def __init__(self, rate: float, seconds: float | None, stop: threading.Event) -> None:
        self._rate, self._limit, self._stop = rate, seconds, stop
        self._given = 0
        self._began = self._settled = 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._began if self._began else 0.0

    def due(self) -> int:
        if not self._began:
            self._began = self._settled = time.monotonic()
        time.sleep(TICK)
        due = int(self._rate * self.seconds)
        self._given = max(self._given, due - int(self._rate * CATCHES_UP_SECONDS))
        granted = min(due - self._given, max(1, int(FASTER * self._rate * TICK)))
        self._given += granted
        return granted

    def goes_on(self) -> bool:
        return not self._stop.is_set() and (self._limit is None or self.seconds < self._limit)

    def is_time_to_settle(self) -> bool:
        now = time.monotonic()
        if now - self._settled < SETTLE_EVERY:
            return False
        self._settled = now
        return True
