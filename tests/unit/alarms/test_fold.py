"""From a silver table to its alarms: each version once, and counted."""

from deltalake import DeltaTable, write_deltalake

from headrace.lake import ledger
from tests.unit.alarms.conftest import rows, senders
from tests.unit.alarms.lake import Lake, names


def test_each_version_is_read_once(lake: Lake) -> None:
    lake.comes(rows(("P0", "0s", 9.5)))
    lake.catches_up()
    lake.catches_up()
    lake.comes(rows(("P0", "1m", 5), ("P2", "1m", 9.5)))
    assert lake.waits()
    lake.catches_up()
    assert not lake.waits()
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
