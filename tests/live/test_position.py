"""How far a topic was taken: bronze says it, whoever wrote the last batch and whatever became of its log."""

from typing import Any

import pyarrow as pa
import pytest
from deltalake import DeltaTable
from kafka import KafkaAdminClient
from kafka.admin import NewPartitions
from pyspark.sql import DataFrame

from headrace.lake import log, objects
from headrace.lake.delta_rs import append_once
from headrace.live.source_loop import SilverSink
from headrace.operate.receipt import receipt
from headrace.sources import topic
from headrace.sources.broker import offsets_now
from headrace.sources.topic import MessagesLost
from tests.live.conftest import LiveStation
from tests.spark.refine.conftest import stroke


def rows_of(live: LiveStation, layer: str = "bronze") -> int:
    return log.row_count(live.paths.table(layer, "strokes"))


def test_the_position_outlives_the_commit_that_carried_it(live: LiveStation) -> None:
    live.sends(stroke(1), stroke(2))
    live.stands()
    bronze = live.paths.table("bronze", "strokes")
    DeltaTable(bronze).create_checkpoint()
    newest = f"{log.version(bronze):020d}"
    for url in objects.list_under(f"{bronze}/_delta_log"):
        if url.endswith(".json") and newest not in url:
            objects.delete(url)
    live.sends(stroke(3))
    live.stands()
    assert (rows_of(live), rows_of(live, "silver")) == (3, 3)
    receipt("pumps", live.settings).check()


def test_a_partition_that_is_added_is_read_from_its_beginning(live: LiveStation) -> None:
    live.sends(stroke(1))
    live.stands()
    admin = KafkaAdminClient(bootstrap_servers=live.settings.kafka_bootstrap)
    admin.create_partitions({"strokes": NewPartitions(8)})
    admin.close()
    for number in range(2, 12):
        live.sends(stroke(number), key=None)
    assert len(offsets_now("strokes", live.settings)) == 8
    live.stands()
    assert rows_of(live) == 11
    receipt("pumps", live.settings).check()


def test_where_only_later_messages_are_wanted_those_sent_while_the_job_is_down_are_later(
    live: LiveStation,
) -> None:
    live.sends(stroke(1))
    live.settings = live.settings.model_copy(update={"starting_offsets": "latest"})
    live.stands()
    live.sends(stroke(2))
    live.stands()
    assert [row.stroke_id for row in live.table("bronze", "strokes").collect()] == ["K2"]


def test_a_batch_too_large_for_memory_is_taken_in_halves(
    live: LiveStation, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, asked = SilverSink.hold, []

    def too_large(self: SilverSink, rows: DataFrame, expected: int) -> pa.Table | None:
        asked.append(expected)
        return None if expected > 2 else hold(self, rows, expected)

    monkeypatch.setattr(SilverSink, "hold", too_large)
    live.settings = live.settings.model_copy(update={"max_offsets_per_trigger": 4})
    live.sends(*map(stroke, range(1, 8)))
    live.stands()
    assert asked == [4, 2, 2, 2, 1]
    assert rows_of(live) == 7
    receipt("pumps", live.settings).check()


def test_a_lake_that_was_read_through_a_checkpoint_goes_on_after_its_rows(live: LiveStation) -> None:
    """Its commits are numbered under the same name and carry no position."""
    live.sends(stroke(1), stroke(2))
    live.stands()
    bronze = live.paths.table("bronze", "strokes")
    rows = pa.table(DeltaTable(bronze).to_pyarrow_table())
    live.settings = live.settings.model_copy(update={"home": live.settings.home.with_name("earlier")})
    live.lands_parents()
    live.refine(layers=["bronze", "silver"])
    earlier = live.paths.table("bronze", "strokes")
    append_once(earlier, rows, app="pumps.bronze.strokes:topic", number=0, note={"run": "earlier"})
    live.sends(stroke(3))
    live.stands()
    assert (rows_of(live), rows_of(live, "silver")) == (3, 3)
    live.sends(stroke(4))
    live.stands()
    assert rows_of(live) == 4
    receipt("pumps", live.settings).check()


def test_of_such_a_lake_too_a_loss_is_named(live: LiveStation, monkeypatch: pytest.MonkeyPatch) -> None:
    live.sends(stroke(1), stroke(2), stroke(3))
    live.stands()
    monkeypatch.setattr(topic.TopicSource, "_stored_position", lambda *_: {})
    (number,) = [n for n, (_, end) in offsets_now("strokes", live.settings).items() if end]
    live.sends(stroke(4), stroke(5))
    admin = KafkaAdminClient(bootstrap_servers=live.settings.kafka_bootstrap)
    admin.delete_records({topic_partition(number): 4})
    admin.close()
    with pytest.raises(MessagesLost, match=rf"strokes/{number} offsets 3 to 3 \(1\)"):
        live.stands()


def topic_partition(number: int) -> Any:
    from kafka import TopicPartition

    return TopicPartition("strokes", number)
