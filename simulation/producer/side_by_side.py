"""Sendings of several tables in threads of one process. They begin together, and what one of them raises ends all."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain
from typing import TypeVar

Slice = TypeVar("Slice")
Result = TypeVar("Result")


class Start:
    """Where each sending waits until all have something to send."""

    def __init__(self, sendings: int) -> None:
        self._barrier = threading.Barrier(sendings)

    def wait_with_first(self, slices: Iterator[Slice]) -> Iterator[Slice]:
        """Makes the first slice and waits until all others have theirs. All slices; none where another sending failed
        before that."""
        first = next(slices)
        try:
            self._barrier.wait()
        except threading.BrokenBarrierError:
            return iter(())
        return chain([first], slices)

    def call_off(self) -> None:
        self._barrier.abort()


def side_by_side(
    send: Callable[[int, Start], Result], sendings: int, stop: threading.Event
) -> tuple[Result, ...]:
    """The result of each sending, by its number. Sets `stop` where one fails."""
    start = Start(sendings)

    def send_one(number: int) -> Result:
        try:
            return send(number, start)
        except BaseException:
            stop.set()
            start.call_off()
            raise

    with ThreadPoolExecutor(sendings, thread_name_prefix="send") as pool:
        running = [pool.submit(send_one, number) for number in range(sendings)]
    return tuple(each.result() for each in running)
