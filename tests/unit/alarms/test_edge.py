"""From a silver table to its alarms exactly once, whatever is killed when, over tables that delta-rs writes."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from deltalake import DeltaTable, write_deltalake

from headrace.alarms import memory
from headrace.alarms.accounts import accounts
from headrace.alarms.actions import Action
from headrace.alarms.edge import AlarmEdge, alarms_wait
from headrace.alarms.inbox import Folder
from headrace.alarms.outbox import Outbox
from headrace.alarms.rules import Rules
from headrace.alarms.store import Store
from headrace.lake import ledger, log
from headrace.lake.gather import gather
from headrace.lake.lease import Leases
from headrace.lake.paths import Paths
from headrace.lake.rewrite import commit_rewrite
from headrace.settings import Settings
from tests.unit.alarms.conftest import RULES, course, rows, senders

AT_ONCE = {"limit": {"on_delay": "0 seconds", "off_delay": "0 seconds", "readings": 1}}


class Killed(Exception):
    pass


@dataclass
class Topic:
    """Stands for a broker."""

    carried: list[str] = field(default_factory=list)

    def carry(self, events: pa.Table) -> None:
        self.carried += events["event_id"].to_pylist()


@dataclass
class Lake:
    paths: Paths
    rules: Rules
    topic: Topic = field(default_factory=Topic)

    def comes(self, *tables: pa.Table) -> None:
        table = pa.concat_tables(tables)
        table = table.append_column("day", pc.cast(table["stroke_at"], pa.date32()))
        write_deltalake(self.paths.table("silver", "strokes"), table, mode="append", partition_by=["day"])

    def knows(self, table: pa.Table) -> None:
        write_deltalake(self.paths.table("silver", "pumps"), table, mode="overwrite")

    def edge(self) -> AlarmEdge:
        leases = Leases([], "test", 60)
        leases._expires = 2**40
        return AlarmEdge(self.rules, self.paths, leases, "run", outbox=Outbox(self.paths, self.topic))

    def catches_up(self) -> None:
        edge = self.edge()
        edge.catch_up()
        edge.close()

    @property
    def events(self) -> list[dict[str, Any]]:
        table = DeltaTable(self.paths.table("silver", "alarms")).to_pyarrow_table()
        kept = [name for name in table.column_names if not name.startswith("_")]
        return table.select(kept).sort_by("event_number").to_pylist()

    def balances(self) -> bool:
        found = list(accounts(self.rules, self.paths))
        return len(found) == 3 and all(left == right for _, _, left, right, _ in found)


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return made(tmp_path)


def made(folder: Path) -> Lake:
    rules = Rules.model_validate(RULES | {"defaults": AT_ONCE, "chatter": {"raises": 100}})
    lake = Lake(Paths.of("toy", Settings(home=folder, _env_file=None)), rules)
    lake.knows(senders(6))
    return lake


def names(lake: Lake) -> list[tuple[str, str]]:
    return [(each["event"], each["subject"]) for each in lake.events]


def test_each_version_is_read_once(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    lake.catches_up()
    lake.comes(rows(("P0", "1m", 5), ("P2", "1m", 9.5)))
    assert alarms_wait(lake.rules, lake.paths)
    lake.catches_up()
    assert not alarms_wait(lake.rules, lake.paths)
    assert names(lake) == [("raised", "P0"), ("cleared", "P0"), ("raised", "P2")]
    assert lake.balances()


def test_what_lies_there_at_first_is_read_day_by_day(lake: Lake) -> None:
    lake.comes(rows(("P0", "1d 1h", 5)))
    lake.comes(rows(("P0", "1h", 9.5)))
    lake.catches_up()
    assert names(lake) == [("raised", "P0"), ("cleared", "P0")]
    assert lake.balances()


def test_late_rows_are_counted_and_nothing_else(lake: Lake) -> None:
    lake.comes(rows(("P0", "1h", 5)))
    lake.catches_up()
    lake.comes(rows(("P0", "30m", 20), ("P0", "2h", 5)))
    lake.catches_up()
    assert lake.events == []
    totals = ledger.totals(ledger.entries(lake.paths, "silver", "alarms"))
    assert (totals["rows_in"], totals["on_time"], totals["late"]) == (3, 2, 1)
    assert lake.balances()


def test_what_was_joined_or_written_anew_gives_no_alarm_and_still_balances(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.comes(rows(("P0", "1m", 9.5), ("P0", "1m", 9.5)))
    lake.catches_up()
    strokes = DeltaTable(lake.paths.table("silver", "strokes"))
    strokes.optimize.compact()
    lake.catches_up()
    everything = strokes.to_pyarrow_table()
    write_deltalake(strokes.table_uri, everything.slice(0, 2), mode="overwrite", partition_by=["day"])
    lake.catches_up()
    assert names(lake) == [("raised", "P0")]
    assert lake.balances()


def test_limits_that_changed_hold_from_then_on(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    lake.knows(senders(6, high=[9.8] * 6))
    lake.comes(rows(("P0", "1m", 9.5)))
    lake.catches_up()
    assert names(lake) == [("raised", "P0"), ("cleared", "P0")]


def test_of_senders_with_a_history_the_current_version_holds(lake: Lake) -> None:
    table = senders(2, pump=["P0", "P0"], high=[9.0, 9.8], is_current=[False, True])
    write_deltalake(lake.paths.table("silver", "pumps"), table, mode="overwrite", schema_mode="overwrite")
    lake.comes(rows(("P0", "0s", 9.5), ("P0", "1m", 9.9)))
    lake.catches_up()
    assert [(each["value"], each["group_id"]) for each in lake.events] == [(9.9, "H0")]


def acts(lake: Lake, what: str = "acknowledge", alarm: str = "A1", **more: Any) -> None:
    Folder(lake.paths).put(Action(what=what, alarm_id=alarm, by="Ann", **more))


def test_an_operators_action_is_folded_in_once_and_its_object_is_gone(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    acts(lake)
    assert alarms_wait(lake.rules, lake.paths)
    lake.catches_up()
    lake.catches_up()
    assert [(each["event"], each["state"], each["acted_by"]) for each in lake.events[1:]] == [
        ("acknowledged", "acknowledged", "Ann")
    ]
    assert Folder(lake.paths).receive({})[0] == []


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
    leases = Leases([], "test", 60)
    leases._expires = 2**40
    edge = AlarmEdge(lake.rules, lake.paths, leases, "batch")
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


LIFE = (
    [course("P0", "0s", 60, [9.5, 9.5]), rows(("P2", "30s", 0.5))],
    [course("P0", "2m", 60, [5, 5]), rows(("P1", "2m", 9.5), ("P4", "3m", 9.5))],
    [rows(("P0", "1m", 20), ("P0", "20m", 5), ("P1", "20m", 5)), course("P2", "5m", 60, [0.5, -1, 0.5])],
    [course("P4", "4m", 60, [9.5] * 90)],
)


def lives(lake: Lake, edges: Iterator[AlarmEdge]) -> None:
    """Batch after batch, with something that an operator does; an edge that is killed is followed by the next one."""
    edge = next(edges)
    for number, batch in enumerate(LIFE):
        lake.comes(*batch)
        if number == 2:
            acts(lake, action_id="first")
            acts(lake, "shelve", "A4", lasts=1800, action_id="second")
        for _ in range(3):
            try:
                edge.catch_up()
                break
            except Killed:
                edge = next(edges)
    edge.close()


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    lake = made(tmp_path_factory.mktemp("undisturbed"))
    edge = lake.edge()
    lives(lake, iter([edge]))
    assert {each["event"] for each in lake.events} >= {
        "raised",
        "cleared",
        "acknowledged",
        "shelved",
        "escalated",
    }
    return lake.events


def dies(*_: Any, **__: Any) -> None:
    raise Killed


def edges(lake: Lake, moment: str, at: int) -> Iterator[AlarmEdge]:
    """The first one dies at some call of what is named; the next ones live."""
    edge = lake.edge()
    owner: Any = {"append": edge._store, "act": edge.engine, "step": edge.engine, "send": edge._outbox}.get(
        moment, edge
    )
    real, calls = getattr(owner, moment), iter(range(100))

    def once(*given: Any, **named: Any) -> Any:
        return dies() if next(calls) == at else real(*given, **named)

    setattr(owner, moment, once)
    yield edge
    while True:
        yield lake.edge()


@pytest.mark.parametrize("at", [0, 2])
@pytest.mark.parametrize("moment", ["append", "step", "act", "_record", "_remember", "send"])
def test_killed_at_any_moment_the_next_one_makes_the_same_of_it(
    moment: str, at: int, tmp_path: Path, undisturbed: list[dict[str, Any]]
) -> None:
    lake = made(tmp_path)
    lives(lake, edges(lake, moment, at))
    assert lake.events == undisturbed
    assert lake.balances()
    assert sorted(set(lake.topic.carried), key=lambda name: int(name[1:])) == [
        each["event_id"] for each in undisturbed
    ]


def test_the_receipt_balances_while_a_commit_is_not_in_the_ledger_yet(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    lake.comes(rows(("P2", "1m", 9.5)))
    killed = next(edges(lake, "_record", 0))
    with pytest.raises(Killed):
        killed.catch_up()
    terms = [account[4] for account in accounts(lake.rules, lake.paths)]
    assert lake.balances()
    assert terms[1:] == [{"silver.strokes": 1, "rows waiting": 1}, {"events": 1, "of a batch under way": 1}]


@pytest.mark.parametrize("saved_after", [0, 1, 2])
def test_an_old_snapshot_is_enough(
    saved_after: int, tmp_path: Path, undisturbed: list[dict[str, Any]]
) -> None:
    lake = made(tmp_path)
    edge = lake.edge()
    for number, batch in enumerate(LIFE):
        lake.comes(*batch)
        if number == 2:
            acts(lake, action_id="first")
            acts(lake, "shelve", "A4", lasts=1800, action_id="second")
        edge.catch_up()
        if number == saved_after:
            edge._save()
        if number > saved_after:
            edge = lake.edge()  # as after a kill: nothing was saved since
    assert lake.events == undisturbed


def test_without_any_snapshot_all_is_made_again_from_the_first_version(
    tmp_path: Path, undisturbed: list[dict[str, Any]]
) -> None:
    lake = made(tmp_path)
    lives(lake, iter([lake.edge()]))
    Path(memory._file(lake.paths)).unlink()
    stored = log.version(Store(lake.paths, Leases([], "", 1), "").path)
    lake.comes(rows(("P5", "3h", 9.5)))
    lake.catches_up()
    assert lake.events[: len(undisturbed)] == undisturbed
    assert log.version(lake.paths.table("silver", "alarms")) == stored + 1


def test_the_table_of_alarms_may_be_joined_while_it_is_written(
    lake: Lake, undisturbed: list[dict[str, Any]]
) -> None:
    edge = lake.edge()
    path = lake.paths.table("silver", "alarms")
    for number, batch in enumerate(LIFE):
        lake.comes(*batch)
        if number == 2:
            acts(lake, action_id="first")
            acts(lake, "shelve", "A4", lasts=1800, action_id="second")
        edge.catch_up()
        joined = gather(path, ("event_number",), least=2)
        if joined is not None:
            assert commit_rewrite(joined, "OPTIMIZE", {}, keeps_rows=True) is not None
    edge.close()
    assert lake.events == undisturbed
    assert lake.balances()
    assert lake.topic.carried == [each["event_id"] for each in undisturbed]


def test_a_log_is_kept_from_the_last_snapshot_on(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    edge = lake.edge()
    edge.catch_up()
    edge.close()
    lake.comes(rows(("P2", "1m", 9.5)))
    edge.catch_up()
    assert (memory.oldest_needed(lake.paths, "strokes"), memory.oldest_needed(lake.paths, "alarms")) == (0, 0)
    edge.close()
    assert (memory.oldest_needed(lake.paths, "strokes"), memory.oldest_needed(lake.paths, "alarms")) == (1, 1)


def test_senders_may_have_any_name(lake: Lake) -> None:
    lake.knows(senders(2, pump=["Pümpe", "泵"]))
    lake.comes(rows(("泵", "0s", 9.5)))
    lake.catches_up()
    lake.comes(rows(("泵", "1m", 5), ("Pümpe", "1m", 5)))
    lake.catches_up()
    assert names(lake) == [("raised", "泵"), ("cleared", "泵")]


def test_groups_are_who_they_were_after_a_restart_though_another_came_that_sorts_before_them(
    lake: Lake,
) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    first = senders(1, pump=["A0"], hall=["A"], station=["S9"], make=["odd"])
    lake.knows(pa.concat_tables([first, senders(6)]))
    lake.comes(rows(("A0", "30s", 9.5)))
    lake.catches_up()
    lake.comes(rows(("P0", "1m", 5), ("A0", "1m", 5)))
    lake.catches_up()
    assert [(each["event"], each["subject"], each["group_id"], each["console"]) for each in lake.events] == [
        ("raised", "P0", "H0", "S0"),
        ("raised", "A0", "A", "S9"),
        ("cleared", "P0", "H0", "S0"),
        ("cleared", "A0", "A", "S9"),
    ]


def test_a_sender_that_is_no_longer_named_keeps_its_limits_after_a_restart(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 5)))
    lake.catches_up()
    lake.knows(senders(6).slice(1))
    lake.comes(rows(("P0", "1m", 5)))
    lake.catches_up()
    lake.comes(rows(("P0", "2m", 9.5)))
    lake.catches_up()
    assert [(each["subject"], each["group_id"]) for each in lake.events] == [("P0", "H0")]


def test_what_was_made_again_need_not_be_made_again_by_the_next_one(lake: Lake) -> None:
    for minute, bar in enumerate((9.5, 5, 9.5)):
        lake.comes(rows(("P0", f"{minute}m", bar)))
        lake.edge().catch_up()  # killed before it saves
    assert (memory.oldest_needed(lake.paths, "strokes"), memory.oldest_needed(lake.paths, "alarms")) == (1, 1)
