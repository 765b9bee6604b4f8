"""The streaming queries of a standing job: how far behind they are, how they are stopped, what they died of."""

import time
from typing import Any

from pyspark.errors import StreamingQueryException
from pyspark.sql.streaming.query import StreamingQuery

from headrace.errors import HeadraceError
from headrace.live.trouble import stream_trouble

SETTLE_WITHIN = 30.0


class Stopping(Exception):
    """Ends a stream before it begins another batch."""


def behind(source: dict[str, Any]) -> int | None:
    """Messages that are in the topic beyond what the last batch took."""
    latest, taken = (_offsets(source.get(name)) for name in ("latestOffset", "endOffset"))
    return sum(latest.values()) - sum(taken.values()) if latest and taken else None


def _offsets(by_topic: dict[str, dict[str, int]] | None) -> dict[str, int]:
    return {f"{topic}/{name}": at for topic, each in (by_topic or {}).items() for name, at in each.items()}


def stop_all(queries: list[tuple[StreamingQuery, list[BaseException]]]) -> None:
    for query, _ in queries:
        if query.isActive:
            query.stop()


def settle(queries: list[tuple[StreamingQuery, list[BaseException]]]) -> None:
    """Lets the batch that is under way end, unless it hangs (on a broker that is away): it is done again then."""
    end = time.monotonic() + SETTLE_WITHIN
    for query, raised in queries:
        while query.isActive and query.status["isTriggerActive"] and time.monotonic() < end:
            time.sleep(0.1)
        error = query.exception()
        if error is not None and (raised or Stopping.__name__ not in str(error)):
            raise meant(error, raised)


def meant(error: StreamingQueryException, raised: list[BaseException]) -> BaseException:
    if raised:
        return raised[0] if isinstance(raised[0], HeadraceError) else (stream_trouble(raised[0]) or raised[0])
    return stream_trouble(error) or HeadraceError(str(error))
