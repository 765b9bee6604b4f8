"""Drains a stream: everything that is new, batch by batch, then stops."""

from collections.abc import Callable

from pyspark.errors import StreamingQueryException
from pyspark.sql import DataFrame


def drain(stream: DataFrame, take: Callable[[DataFrame, int], None], *, checkpoint: str, name: str) -> None:
    """What `take` raises comes out as it was raised, not as Spark's account of it."""
    raised: list[BaseException] = []

    def guarded(rows: DataFrame, number: int) -> None:
        try:
            take(rows, number)
        except BaseException as error:
            raised.append(error)
            raise

    query = (
        stream.writeStream.foreachBatch(guarded)
        .option("checkpointLocation", checkpoint)
        .queryName(name)
        .trigger(availableNow=True)
        .start()
    )
    try:
        query.awaitTermination()
    except StreamingQueryException:
        if raised:
            raise raised[0] from None
        raise
