"""Keys that snapshots leave out. Any sequence of them is in test_any_sequence.py."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from pyspark.sql import functions as F

from headrace.lake import log
from headrace.writes.batch import Batch
from headrace.writes.reference import PASSES
from tests.spark.writes.conftest import EVER, START, Feed, Killed, Row, dies

Version = tuple[str, str, datetime, datetime]


def vessel(key: str | None, name: str, sent: int, file: str = "f", seats: int = 10) -> Row:
    return {
        "vessel_id": key, "vessel_name": name, "seats": seats, "_raw": None if key else "x",
        "_sent_at": START + timedelta(days=sent), "_source": f"{file}{sent}",
    }  # fmt: skip


def versions(feed: Feed) -> list[Version]:
    found = feed.stored("vessel_id", "vessel_name", "effective_from", "effective_to")
    current = feed.spark.read.format("delta").load(feed.edge.target).where("is_current")
    assert current.where(F.col("effective_to") < "9999-12-31").count() == 0
    return [(key, name, since, until) for key, name, since, until in found]


def by_snapshots(vessels: Feed, came: Sequence[Row]) -> list[tuple[Any, ...]]:
    return vessels.expected(
        [row | {PASSES: row["seats"] > 0} for row in came], {row["_sent_at"] for row in came}
    )


def test_the_second_file_of_a_snapshot_opens_again_whom_the_first_left_out(feed_of: Any) -> None:
    vessels: Feed = feed_of("vessels")
    vessels.takes(vessels.comes([vessel("V1", "a", 1), vessel("V2", "a", 1)], 1))
    first, second = [vessel("V1", "a", 2)], [vessel("V2", "a", 2, "g")]
    vessels.takes(vessels.comes(first, 2))
    assert [found[3] for found in versions(vessels)] == [EVER, START + timedelta(days=2)]
    vessels.takes(vessels.comes(second, 3))
    assert [found[3] for found in versions(vessels)] == [EVER, EVER]


def test_a_snapshot_killed_after_its_rejects_closes_the_same_keys_when_it_is_done_again(
    feed_of: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next snapshot is in bronze by then, and must not be seen before its turn."""
    vessels: Feed = feed_of("vessels")
    came = vessels.comes([vessel(key, "a", 1) for key in ("V1", "V2", "V3")], 1)
    vessels.takes(came)
    batch = vessels.comes([vessel("V1", "b", 2), vessel("V3", "a", 2, seats=-1)], 2)
    with monkeypatch.context() as patch:
        patch.setattr(Batch, "merge", dies)
        with pytest.raises(Killed):
            vessels.takes(batch)
    assert vessels.edge.started(vessels.last) is not None
    following = vessels.comes([vessel("V2", "a", 3)], 3)
    expected = {"rejected": 1, "opened": 1, "unchanged": 0, "reclassified": 0}
    assert vessels.takes(batch, vessels.last) == expected
    assert vessels.takes(batch, vessels.last) == expected
    assert vessels.says() == by_snapshots(vessels, [*came, *batch])
    assert log.row_count(vessels.edge.rejected) == 1
    vessels.takes(following)
    assert vessels.says() == by_snapshots(vessels, [*came, *batch, *following])


@pytest.mark.parametrize("arrives", [{"sends": "snapshot", "topic": "t"}])
def test_snapshots_by_a_topic_are_refused(feed_of: Any, arrives: dict[str, Any]) -> None:
    from headrace.errors import UsageError

    edge = feed_of("vessels").edge
    by_topic = edge.contract.model_copy(update={"arrives": edge.contract.arrives.model_copy(update=arrives)})
    with pytest.raises(UsageError, match="each message would be a snapshot"):
        edge.way.check(edge.node, by_topic)
