"""A source is asked again while its broker is away, and ends the job only when that lasts."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from headrace.contracts.load import load_contracts
from headrace.lake.ledger import Entry
from headrace.live import source_loop
from headrace.live.source_loop import SilverSink, SourceLoop
from headrace.sources.broker import BrokerAway


class Topic:
    """Takes what the test says, in turn: a batch of so many rows, or an error; then nothing."""

    name = "topic"

    def __init__(self, *comes: int | Exception) -> None:
        self.contract = load_contracts("pumps")["strokes"]
        self._comes = list(comes)

    def waits(self) -> bool:
        return bool(self._comes)

    def take(self, start: Callable[[], Any], then: Callable[[Entry, None], Any]) -> Entry | None:  # noqa: ARG002
        found = self._comes.pop(0) if self._comes else None
        if isinstance(found, Exception):
            raise found
        return None if found is None else Entry("bronze", "strokes", "Append", "", "", found, {}, 0)


def rows_taken(*comes: int | Exception) -> list[int]:
    source, rows = Topic(*comes), list[int]()
    sink = SilverSink([], None)  # type: ignore[arg-type]

    def took(_: SourceLoop, entries: Sequence[Entry], __: float) -> None:
        rows.append(entries[0].rows_in)

    loop = SourceLoop(source, sink, took, seconds=0.01, until_empty=True)
    loop.start()
    loop.join(30)
    loop.check()
    return rows


def test_a_broker_that_is_away_for_a_moment_is_asked_again() -> None:
    assert rows_taken(1, BrokerAway("no answer"), BrokerAway("no answer"), 2) == [1, 2]


def test_one_that_stays_away_ends_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source_loop, "BROKER_AWAY_FOR", 0.05)
    with pytest.raises(BrokerAway):
        rows_taken(1, *[BrokerAway("no answer")] * 100)


def test_what_a_source_dies_of_is_raised_by_whoever_looks_after_it() -> None:
    with pytest.raises(ValueError, match="broken"):
        rows_taken(1, ValueError("broken"), 2)
