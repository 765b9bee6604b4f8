"""Senders that are no longer heard of, by the interval that each usually keeps."""

import pyarrow as pa

from headrace.alarms.detectors.silent import Silent
from tests.unit.alarms.conftest import Plant, course, rows, senders
from tests.unit.alarms.conftest import plant as any_plant


def plant(count: int = 8, **rules: object) -> Plant:
    """Only silences are told."""
    made = any_plant(count, **rules)
    made.engine.detectors = [Silent(made.engine.senders)]
    return made


def many(start: str, every: float, count: int, *, but: tuple[str, ...] = (), pumps: int = 8) -> pa.Table:
    names = [f"P{number}" for number in range(pumps) if f"P{number}" not in but]
    return pa.concat_tables([course(name, start, every, [5.0] * count) for name in names])


def test_a_sender_is_silent_after_a_few_of_its_usual_intervals() -> None:
    pump = plant()
    assert pump.says(many("0s", 120, 10)) == []
    assert pump.says(many("20m", 120, 3, but=("P3",))) == []
    assert pump.says(many("26m", 120, 3, but=("P3",))) == [("00:25:00", "raised", "P3")]
    assert pump.says(many("32m", 120, 1)) == [("00:32:00", "cleared", "P3")]


def test_what_is_usual_is_learned_from_a_thinned_history() -> None:
    pump = plant()
    hourly = many("0s", 3600, 20, but=("P3",))
    assert pump.says(hourly, rows(*(("P3", f"{hour}h", 5.0) for hour in (0, 1, 2, 5, 6, 10, 11)))) == [
        ("09:30:00", "raised", "P3"),
        ("10:00:00", "cleared", "P3"),
        ("14:30:00", "raised", "P3"),
    ]


def test_after_a_thinned_history_the_live_pace_is_learned_in_minutes() -> None:
    pump = plant()
    pump.reads(many("0s", 3600, 20))
    assert pump.says(many("19h 10s", 10, 30)) == []
    assert pump.says(many("19h 310s", 10, 60, but=("P3",))) == [("19:10:00", "raised", "P3")]


def test_a_sender_is_never_silent_before_its_declared_intervals_are_over() -> None:
    table = senders(8, pace=[600.0] * 8)
    pump = any_plant(8, table, senders={**any_plant().engine.rules.senders.model_dump(), "interval": "pace"})
    pump.engine.detectors = [Silent(pump.engine.senders)]
    pump.reads(many("0s", 60, 10))
    assert pump.says(many("10m", 60, 30, but=("P3",))) == []
    assert pump.says(many("40m", 60, 10, but=("P3",))) == [("00:44:00", "raised", "P3")]


def test_when_nobody_is_heard_nobody_is_silent() -> None:
    pump = plant()
    pump.reads(many("0s", 60, 10))
    assert pump.says(many("6h", 60, 10)) == []


def test_who_stays_away_after_the_feed_was_away_is_silent() -> None:
    pump = plant()
    pump.reads(many("0s", 60, 10))
    assert pump.says(many("6h", 60, 3, but=("P3",))) == []
    assert [event[1:] for event in pump.says(many("6h 3m", 60, 10, but=("P3",)))] == [("raised", "P3")]


def test_a_row_from_before_its_silence_does_not_end_it() -> None:
    pump = plant()
    pump.reads(many("0s", 60, 10))
    pump.reads(many("10m", 60, 20, but=("P3",)))
    assert pump.says(many("30m", 60, 1, but=("P3",)), rows(("P3", "5m 30s", 5.0))) == []
    assert pump.says(many("31m", 60, 1)) == [("00:31:00", "cleared", "P3")]


def test_rows_from_before_do_not_put_a_silence_off() -> None:
    pump = plant()
    pump.reads(many("0s", 60, 10))
    pump.reads(many("10m", 60, 2, but=("P3",)), rows(("P3", "5m 30s", 5.0)))
    assert pump.says(many("12m", 60, 18, but=("P3",))) == [("00:14:00", "raised", "P3")]


def test_a_sender_whose_clock_runs_ahead_makes_nobody_silent() -> None:
    pump = plant()
    pump.reads(many("0s", 60, 10))
    assert pump.says(many("10m", 60, 2, but=("P3",)), rows(("P3", "5h", 5.0))) == []


def test_who_is_out_of_service_is_not_silent() -> None:
    table = senders(8, used=[True] * 3 + [False] + [True] * 4)
    named = any_plant().engine.rules.senders.model_dump()
    pump = any_plant(8, table, senders={**named, "active": "used"})
    pump.reads(many("0s", 60, 10))
    assert pump.says(many("10m", 60, 30, but=("P3",))) == []


def test_who_was_out_of_service_was_not_silent_meanwhile_and_can_be_again() -> None:
    named = any_plant().engine.rules.senders.model_dump()
    others = [True] * 7
    pump = plant(8, table=senders(8, used=[False, *others]), senders={**named, "active": "used"})
    pump.reads(many("0s", 60, 10))
    pump.reads(many("10m", 60, 100, but=("P0",)))
    pump.engine.senders.take(senders(8, used=[True, *others]))
    assert pump.says(many("110m", 60, 10, but=("P0",))) == []
    assert pump.says(many("120m", 60, 10)) == []
    assert [each[1:] for each in pump.says(many("130m", 60, 10, but=("P0",)))] == [("raised", "P0")]


def test_some_senders_that_are_read_ahead_of_the_others_make_nobody_silent() -> None:
    pump = plant()
    pump.reads(many("0s", 20, 30))
    ahead = pa.concat_tables([course(name, "10m", 20, [5.0] * 22) for name in ("P0", "P1", "P2")])
    assert pump.says(ahead) == []
    assert pump.says(many("10m", 20, 10, but=("P0", "P1", "P2"))) == []
