"""What operators do comes in once, and events go out to the topic, whatever is gone by then."""

from pathlib import Path

from deltalake import DeltaTable

from headrace.alarms.actions import Folder
from headrace.alarms.fold import AlarmFold
from tests.unit.alarms.conftest import rows
from tests.unit.alarms.lake import Lake, acts, context_of


def test_an_operators_action_is_folded_in_once_and_its_object_is_gone(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    acts(lake)
    assert lake.waits()
    lake.catches_up()
    lake.catches_up()
    assert [(each["event"], each["state"], each["acted_by"]) for each in lake.events[1:]] == [
        ("acknowledged", "acknowledged", "Ann")
    ]
    assert Folder(lake.paths).receive() == []


def test_what_is_no_action_is_recorded_as_refused(lake: Lake) -> None:
    from headrace.lake import objects

    objects.put(f"{lake.paths.actions}/x.json", b'{"what": "silence everything"}')
    lake.comes(rows(("P0", "0s", 5)))
    lake.catches_up()
    (refused,) = lake.events
    assert refused["event"] == "refused"
    assert "silence everything" in refused["message"]


def test_events_reach_the_topic_in_order_and_those_of_a_batch_run_come_later(lake: Lake) -> None:
    lake.comes(rows(("P4", "0s", 5)))
    lake.catches_up()
    lake.comes(rows(("P0", "0s", 9.5), ("P2", "1s", 9.5)))
    catches_up_without_a_topic(lake)
    assert lake.topic.carried == []
    lake.comes(rows(("P0", "1m", 5)))
    lake.catches_up()
    assert lake.topic.carried == ["E1", "E2", "E3"]


def catches_up_without_a_topic(lake: Lake) -> None:
    edge = AlarmFold(lake.rules, context_of(lake.paths))
    edge.catch_up()
    edge.close()


def test_what_happened_before_anyone_listened_is_not_sent_and_its_files_may_be_gone(lake: Lake) -> None:
    for minute, bar in ((0, 9.5), (1, 5)):
        lake.comes(rows(("P0", f"{minute}m", bar)))
        catches_up_without_a_topic(lake)
    joined_and_vacuumed(lake)
    lake.comes(rows(("P0", "2m", 9.5)))
    lake.catches_up()
    assert lake.topic.carried == ["E3"]


def test_what_was_to_be_sent_is_taken_from_the_table_where_its_files_are_gone(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    for minute, bar in ((1, 5), (2, 9.5)):
        lake.comes(rows(("P0", f"{minute}m", bar)))
        catches_up_without_a_topic(lake)
    joined_and_vacuumed(lake)
    lake.catches_up()
    lake.catches_up()
    assert lake.topic.carried == ["E1", "E2", "E3"]


def test_what_was_to_be_sent_is_taken_from_the_table_where_the_log_is_gone(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    for minute, bar in ((1, 5), (2, 9.5)):
        lake.comes(rows(("P0", f"{minute}m", bar)))
        catches_up_without_a_topic(lake)
    alarms = lake.paths.table("silver", "alarms")
    DeltaTable(alarms).create_checkpoint()
    for version in range(2):
        (Path(alarms) / "_delta_log" / f"{version:020d}.json").unlink()
    lake.catches_up()
    assert lake.topic.carried == ["E1", "E2", "E3"]


def joined_and_vacuumed(lake: Lake) -> None:
    alarms = DeltaTable(lake.paths.table("silver", "alarms"))
    alarms.optimize.compact()
    alarms.vacuum(retention_hours=0, enforce_retention_duration=False, dry_run=False)
