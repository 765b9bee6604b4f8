"""What is due when."""

import heapq
from collections.abc import Iterator

from headrace.alarms.alarm import Key


class Queue:
    def __init__(self) -> None:
        self._heap: list[tuple[int, Key]] = []

    def put(self, at: int, key: Key) -> None:
        heapq.heappush(self._heap, (at, key))

    def until(self, at: int) -> Iterator[tuple[int, Key]]:
        """The earliest first; what is put meanwhile comes along where it is due too."""
        while self._heap and self._heap[0][0] <= at:
            yield heapq.heappop(self._heap)
