"""Alarms are the same, whatever was killed when and whichever memory of it is left."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from headrace.alarms.fold import AlarmFold
from headrace.alarms.store import oldest_needed
from headrace.lake import ledger, log
from headrace.lake.compaction import join_small_files
from tests.unit.alarms.conftest import rows, senders
from tests.unit.alarms.lake import LIFE, Killed, Lake, acts, made, names


def lives(lake: Lake, edges: Iterator[AlarmFold]) -> None:
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


def edges(lake: Lake, moment: str, at: int, patch: pytest.MonkeyPatch) -> Iterator[AlarmFold]:
    """The first one dies at some call of what is named; the next ones live."""
    edge = lake.edge()
    owners: dict[str, Any] = {
        "append": edge._store, "act": edge.engine, "step": edge.engine, "send": edge._outbox, "record": ledger,
    }  # fmt: skip
    owner = owners.get(moment, edge)
    real, calls = getattr(owner, moment), iter(range(100))

    def once(*given: Any, **named: Any) -> Any:
        return dies() if next(calls) == at else real(*given, **named)

    patch.setattr(owner, moment, once)
    yield edge
    while True:
        yield lake.edge()


@pytest.mark.parametrize("at", [0, 2])
@pytest.mark.parametrize("moment", ["append", "step", "act", "record", "_remember", "send"])
def test_killed_at_any_moment_the_next_one_makes_the_same_of_it(
    moment: str,
    at: int,
    tmp_path: Path,
    undisturbed: list[dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake = made(tmp_path)
    lives(lake, edges(lake, moment, at, monkeypatch))
    assert lake.events == undisturbed
    assert lake.balances()
    assert sorted(set(lake.topic.carried), key=lambda name: int(name[1:])) == [
        each["event_id"] for each in undisturbed
    ]


def test_the_receipt_balances_while_a_commit_is_not_in_the_ledger_yet(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    lake.comes(rows(("P2", "1m", 9.5)))
    killed = next(edges(lake, "record", 0, monkeypatch))
    with pytest.raises(Killed):
        killed.catch_up()
    terms = [line[4] for line in lake.receipt_lines()]
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
    (Path(lake.paths.checkpoint("silver", "alarms")) / "state.npz").unlink()
    stored = log.version(lake.paths.table("silver", "alarms"))
    lake.comes(rows(("P5", "3h", 9.5)))
    lake.catches_up()
    assert lake.events[: len(undisturbed)] == undisturbed
    assert log.version(lake.paths.table("silver", "alarms")) == stored + 1


def test_a_log_is_kept_from_the_last_snapshot_on(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    edge = lake.edge()
    edge.catch_up()
    edge.close()
    lake.comes(rows(("P2", "1m", 9.5)))
    edge.catch_up()
    assert (oldest_needed(lake.paths, "strokes"), oldest_needed(lake.paths, "alarms")) == (0, 0)
    edge.close()
    assert (oldest_needed(lake.paths, "strokes"), oldest_needed(lake.paths, "alarms")) == (1, 1)


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
    assert (oldest_needed(lake.paths, "strokes"), oldest_needed(lake.paths, "alarms")) == (1, 1)


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
        join_small_files(path, 2, {}, commit=lambda work: work())
    edge.close()
    assert lake.events == undisturbed
    assert lake.balances()
    assert lake.topic.carried == [each["event_id"] for each in undisturbed]
