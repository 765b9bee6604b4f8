"""How long a command took by the clock, and each stage of it: the time in which one of its items was under way."""

import os
import time
from threading import Lock

from headrace.progress import Event


class StageClock:
    def __init__(self) -> None:
        self._lock = Lock()
        self._running: dict[str, set[str]] = {}
        self._since: dict[str, float] = {}
        self.seconds: dict[str, float] = {}

    def __call__(self, event: Event) -> None:
        with self._lock:
            running = self._running.setdefault(event.stage, set())
            self.seconds.setdefault(event.stage, 0.0)
            if event.state in ("started", "going"):
                if not running:
                    self._since[event.stage] = event.at
                running.add(event.item)
            elif event.item in running:
                running.remove(event.item)
                if not running:
                    self.seconds[event.stage] += event.at - self._since[event.stage]


def seconds_since_start() -> float:
    """Since this process began, imports and all."""
    import psutil

    return time.time() - psutil.Process(os.getpid()).create_time()
