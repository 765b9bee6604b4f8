"""The Arrow side of the table: reads laid to their half-hours, and what becomes of them."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from domains.grid.gold.validated_reads import (
    CHUNK_DAYS,
    FINAL,
    LOOKS_BACK,
    OF_ESTIMATE,
    OF_HEAD_END,
    READS,
    reads_of,
)
from domains.grid.local_intervals import day_number
from tests.unit.grid_validation.population import population

FIRST, LAST = date(2026, 3, 1), date(2026, 3, 31)
CHUNK = day_number(LAST) // CHUNK_DAYS  # begins on March 12
BEGIN = date(1970, 1, 1) + timedelta(days=CHUNK * CHUNK_DAYS)
HALF_HOUR = 1800 * 1_000_000


@pytest.fixture(scope="module")
def sent() -> pa.Table:
    """What 20 meters send in a month: all of it."""
    series, tariff = population(20, FIRST, LAST, seed=11)
    meters, slots = series.kwh.shape
    meter = np.repeat(np.arange(meters), slots)
    return pa.table(
        {
            "meter_id": [f"SM-{each:03d}" for each in meter],
            "customer_id": [f"C-{each:03d}" for each in meter],
            "tariff_category": [f"T{each}" for each in tariff[meter]],
            "timestamp": pa.array(
                np.tile(series.begin * 1_000_000 + HALF_HOUR, meters), pa.timestamp("us", "UTC")
            ),
            "reading_kwh": series.kwh.reshape(-1),
            "account_status": pa.array(["ACTIVE"] * (meters * slots)),
            "may_draw_kwh": np.repeat(series.may_draw_kwh[:, 0], slots),
            "_newest": pa.array([at(LAST + timedelta(days=1))] * (meters * slots), pa.timestamp("us", "UTC")),
            "_meter": meter * 7919,
            "_chunk": np.full(meters * slots, CHUNK),
            "_rank": np.full(meters * slots, OF_HEAD_END),
            "_minutes": np.full(meters * slots, 30),
            "_method": pa.nulls(meters * slots, pa.string()),
            "_reason": pa.nulls(meters * slots, pa.string()),
        }
    )


def at(day: date, hour: int = 0, minute: int = 0) -> datetime:
    """A time of Kolkata's clock, in UTC."""
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC) - timedelta(hours=5, minutes=30)


def rows_where(sent: pa.Table, meter: str, begin: datetime, end: datetime) -> np.ndarray:
    """Reads of a meter that end after one instant, and not after another."""
    ends = sent["timestamp"].cast(pa.int64()).to_numpy() / 1e6
    is_meter = pc.equal(sent["meter_id"], meter).to_numpy()
    return is_meter & (ends > begin.timestamp()) & (ends <= end.timestamp())


def without(sent: pa.Table, meter: str, begin: datetime, end: datetime) -> pa.Table:
    return sent.filter(pa.array(~rows_where(sent, meter, begin, end)))


def with_values(sent: pa.Table, rows: np.ndarray, name: str, value: object) -> pa.Table:
    values = np.array(sent[name].to_pylist(), dtype=object)
    values[rows] = value
    return sent.set_column(sent.column_names.index(name), name, pa.array(values.tolist(), sent[name].type))


def of_meter(made: pa.Table, meter: str = "SM-003", state: str | None = None) -> list[dict]:
    rows = made.filter(pc.equal(made["meter_id"], meter)).to_pylist()
    return [row for row in rows if state is None or row["state"] == state]


def test_what_is_sent_is_measured_and_every_half_hour_of_the_chunk_is_there_once(sent):
    made = reads_of(sent, CHUNK)
    assert made.schema == READS
    assert made.num_rows == 20 * 48 * ((LAST - BEGIN).days + 1)
    assert made["state"].unique().to_pylist() == ["MEASURED"]
    assert made["kwh"].equals(made["measured_kwh"])
    ends = list(zip(made["meter_id"].to_pylist(), made["interval_end"].to_pylist(), strict=True))
    assert len(set(ends)) == made.num_rows
    first = of_meter(made)[0]
    assert (first["reading_date"], first["interval_begin"]) == (BEGIN, at(BEGIN))
    assert first["interval_end"] - first["interval_begin"] == timedelta(minutes=30)
    assert (first["customer_id"], first["method"], first["reason"], first["confidence"]) == (
        "C-003",
        None,
        None,
        None,
    )


def test_a_gap_is_estimated_and_says_how_why_and_how_sure(sent):
    day = date(2026, 3, 25)
    found = of_meter(reads_of(without(sent, "SM-003", at(day, 9), at(day, 15)), CHUNK), state="ESTIMATED")
    assert [row["interval_begin"] for row in found] == [
        at(day, 9) + k * timedelta(minutes=30) for k in range(12)
    ]
    assert {(row["reason"], row["measured_kwh"]) for row in found} == {("missing, gap of 6 h", None)}
    assert all(row["failed_rules"] == ["missing"] for row in found)
    assert all(0.2 < row["confidence"] < 0.95 and row["kwh"] > 0 and row["method"] for row in found)
    assert {row["customer_id"] for row in found} == {"C-003"}


def test_a_read_that_comes_late_replaces_its_estimate(sent):
    day = date(2026, 3, 25)
    late = without(sent, "SM-003", at(day, 9), at(day, 15))
    assert len(of_meter(reads_of(late, CHUNK), state="ESTIMATED")) == 12
    rest = sent.filter(pa.array(rows_where(sent, "SM-003", at(day, 9), at(day, 15))))
    order = [("meter_id", "ascending"), ("interval_end", "ascending")]
    made, at_once = (reads_of(rows, CHUNK).sort_by(order) for rows in (pa.concat_tables([late, rest]), sent))
    assert made.equals(at_once)


def test_a_spike_is_kept_as_sent_and_estimated(sent):
    spiked = with_values(
        sent,
        rows_where(sent, "SM-003", at(date(2026, 3, 24), 12), at(date(2026, 3, 24), 12, 30)),
        "reading_kwh",
        110.0,
    )
    (found,) = of_meter(reads_of(spiked, CHUNK), state="ESTIMATED")
    assert (found["measured_kwh"], found["failed_rules"], found["reason"]) == (
        110.0,
        ["spike"],
        "spike, gap of 0.5 h",
    )
    assert found["kwh"] < 5


def test_two_reads_that_differ_are_both_not_believed_and_two_that_agree_are(sent):
    rows = rows_where(sent, "SM-003", at(date(2026, 3, 24), 12), at(date(2026, 3, 24), 13))
    twice = sent.filter(pa.array(rows))
    other = with_values(
        twice, np.array([True, False]), "reading_kwh", float(twice["reading_kwh"][0].as_py()) + 1
    )
    (found,) = of_meter(reads_of(pa.concat_tables([sent, other]), CHUNK), state="ESTIMATED")
    assert (found["failed_rules"], found["interval_begin"]) == (["duplicate"], at(date(2026, 3, 24), 12))


def test_a_meter_owes_its_half_hours_for_a_fortnight_after_its_last_read(sent):
    made = reads_of(without(sent, "SM-003", at(date(2026, 3, 16)), at(LAST + timedelta(days=1))), CHUNK)
    found = of_meter(made)
    assert max(row["reading_date"] for row in found) == date(2026, 3, 29)  # last heard on the 15th
    silent = [row for row in found if row["reading_date"] > date(2026, 3, 15)]
    assert {row["state"] for row in silent} == {"ESTIMATED"}
    assert len(silent) == 14 * 48
    assert any("prolonged_estimation" in row["failed_rules"] for row in found)


def test_a_new_meter_owes_them_from_its_first_read_on(sent):
    made = reads_of(without(sent, "SM-003", at(FIRST), at(date(2026, 3, 27), 12)), CHUNK)
    assert min(row["interval_begin"] for row in of_meter(made)) == at(date(2026, 3, 27), 12)


def test_a_closed_account_owes_nothing_and_what_its_meter_sends_is_named(sent):
    rows = rows_where(sent, "SM-003", at(date(2026, 3, 25)), at(LAST + timedelta(days=1)))
    closed = with_values(sent, rows, "account_status", "CLOSED")
    closed = without(closed, "SM-003", at(date(2026, 3, 26)), at(date(2026, 3, 27)))
    found = [row for row in of_meter(reads_of(closed, CHUNK)) if row["reading_date"] >= date(2026, 3, 25)]
    assert date(2026, 3, 26) not in {row["reading_date"] for row in found}
    assert all(("inactive_meter" in row["failed_rules"]) == (row["kwh"] > 0.1) for row in found)


def test_the_half_hours_that_are_not_over_are_not_owed(sent):
    """The newest read of all meters says what time it is."""
    cut = sent.filter(
        pa.array(sent["timestamp"].cast(pa.int64()).to_numpy() <= at(date(2026, 3, 30), 10).timestamp() * 1e6)
    )
    cut = without(cut, "SM-003", at(date(2026, 3, 30), 9), at(LAST))
    cut = with_values(cut, np.arange(cut.num_rows), "_newest", at(date(2026, 3, 30), 10))
    found = of_meter(reads_of(cut, CHUNK))
    assert max(row["interval_end"] for row in found) == at(date(2026, 3, 30), 10)
    assert [row["state"] for row in found[-3:]] == ["MEASURED", "ESTIMATED", "ESTIMATED"]


def test_a_clock_some_seconds_late_belongs_to_the_half_hour_that_ended_and_minutes_late_is_named(sent):
    late = sent["timestamp"].cast(pa.int64()).to_numpy().copy()
    late[rows_where(sent, "SM-003", at(date(2026, 3, 24), 12), at(date(2026, 3, 24), 12, 30))] += 45_000_000
    late[rows_where(sent, "SM-003", at(date(2026, 3, 25), 12), at(date(2026, 3, 25), 12, 30))] -= 300_000_000
    moved = sent.set_column(
        sent.column_names.index("timestamp"), "timestamp", pa.array(late).cast(pa.timestamp("us", "UTC"))
    )
    found = of_meter(reads_of(moved, CHUNK))
    assert {row["state"] for row in found} == {"MEASURED"}
    assert [row["interval_begin"] for row in found if row["failed_rules"]] == [at(date(2026, 3, 25), 12)]
    assert {tuple(row["failed_rules"]) for row in found} == {(), ("interval_size",)}


def test_a_chunk_of_which_only_days_before_are_there_makes_nothing(sent):
    assert reads_of(sent, CHUNK + 1).num_rows == 0


def test_a_day_that_is_made_again_alone_becomes_what_it_becomes_with_all_others(sent):
    """All days from reads of a month, and one from those of the days that it looks back."""
    draw = np.random.default_rng(4)
    damaged = sent.filter(pa.array(draw.random(sent.num_rows) > 0.03))
    values = damaged["reading_kwh"].to_numpy().copy()
    values[draw.random(len(values)) < 0.01] *= 80
    damaged = damaged.set_column(damaged.column_names.index("reading_kwh"), "reading_kwh", pa.array(values))
    for run in range(12):  # longer gaps, over midnight and over days
        begin = at(date(2026, 3, 20) + timedelta(days=run % 8), 2 * run)
        damaged = without(damaged, f"SM-{run:03d}", begin, begin + timedelta(hours=7 * run))
    day = date(2026, 3, 29)
    ends = damaged["timestamp"].cast(pa.int64()).to_numpy() / 1e6
    begins = at(day - timedelta(days=LOOKS_BACK)).timestamp()
    near = damaged.filter(pa.array((ends > begins) & (ends <= at(day + timedelta(days=1)).timestamp())))
    near = with_values(near, np.arange(near.num_rows), "_newest", at(day + timedelta(days=1)))
    order = [("meter_id", "ascending"), ("interval_end", "ascending")]
    alone, together = (
        [row for row in reads_of(rows, CHUNK).sort_by(order).to_pylist() if row["reading_date"] == day]
        for rows in (near, damaged)
    )
    assert len(alone) == len(together) == 20 * 48
    for one, other in zip(alone, together, strict=True):
        for name in ("kwh", "confidence"):
            assert (one.pop(name) or 0.0) == pytest.approx(other.pop(name) or 0.0, rel=1e-9)
        assert one == other
    assert {"MEASURED", "ESTIMATED"} == {row["state"] for row in together}


def by_file(
    sent: pa.Table, rows: np.ndarray, rank: int, kwh: float, method: str | None, minutes: int = 30
) -> pa.Table:
    """The reads of these half-hours as a file has them."""
    found = sent.filter(pa.array(rows))
    columns = {
        "reading_kwh": pa.array([kwh] * found.num_rows),
        "_rank": pa.array([rank] * found.num_rows),
        "_minutes": pa.array([minutes] * found.num_rows),
        "_method": pa.array([method] * found.num_rows, pa.string()),
        "_reason": pa.array(["76"] * found.num_rows),
    }
    for name, values in columns.items():
        found = found.set_column(found.column_names.index(name), name, values)
    return found


def test_a_read_that_a_file_measured_holds_before_that_of_the_head_end(sent):
    day = LAST - timedelta(days=1)
    rows = rows_where(sent, "SM-003", at(day, 10), at(day, 12))
    made = reads_of(pa.concat_tables([sent, by_file(sent, rows, FINAL, 0.77, None)]), CHUNK)
    found = [row for row in of_meter(made) if at(day, 10) < row["interval_end"] <= at(day, 12)]
    assert [(row["kwh"], row["measured_kwh"], row["state"]) for row in found] == [
        (0.77, 0.77, "MEASURED")
    ] * 4
    assert {rule for row in found for rule in row["failed_rules"]} <= {"consecutive"}


def test_a_read_that_a_file_estimated_holds_where_the_head_end_has_none(sent):
    day = LAST - timedelta(days=1)
    rows = rows_where(sent, "SM-003", at(day, 10), at(day, 12))
    of_file = by_file(sent, rows, OF_ESTIMATE, 0.5, "like_day")
    left = without(sent, "SM-003", at(day, 10), at(day, 11))
    made = reads_of(pa.concat_tables([left, of_file]), CHUNK)
    found = [row for row in of_meter(made) if at(day, 10) < row["interval_end"] <= at(day, 12)]
    said = [(row["kwh"], row["measured_kwh"], row["state"], row["method"], row["reason"]) for row in found]
    assert said[:2] == [(0.5, None, "ESTIMATED", "like_day", "76")] * 2
    assert [each[2:] for each in said[2:]] == [("MEASURED", None, None)] * 2
    assert [row["confidence"] for row in found] == [None] * 4


def test_half_hours_of_a_longer_interval_are_kept_and_say_so(sent):
    day = LAST - timedelta(days=1)
    rows = rows_where(sent, "SM-003", at(day, 10), at(day, 11))
    made = reads_of(pa.concat_tables([sent, by_file(sent, rows, FINAL, 0.6, None, minutes=60)]), CHUNK)
    found = [row for row in of_meter(made) if "interval_size" in row["failed_rules"]]
    assert [(row["interval_end"], row["state"]) for row in found] == [
        (at(day, 10, 30), "MEASURED"),
        (at(day, 11), "MEASURED"),
    ]


def totals_of(made: pa.Table, times: float = 1.0) -> pa.Table:
    """What registers count of the days of the chunk."""
    days = made.group_by(["meter_id", "reading_date"]).aggregate([("kwh", "sum")])
    return days.rename_columns(["meter_id", "reading_date", "day_kwh"]).set_column(
        2, "day_kwh", pc.multiply(days["kwh_sum"], times)
    )


def test_an_estimate_is_as_large_as_the_register_says(sent):
    day = LAST - timedelta(days=1)
    totals = totals_of(reads_of(sent, CHUNK))
    left = without(without(sent, "SM-003", at(day, 10), at(day, 14)), "SM-003", at(day, 3), at(day, 3, 30))
    made = reads_of(left, CHUNK, totals)
    found = of_meter(made, state="ESTIMATED")
    used = sum(row["kwh"] for row in of_meter(made) if row["reading_date"] == day)
    (counted,) = [
        row["day_kwh"]
        for row in totals.to_pylist()
        if (row["meter_id"], row["reading_date"]) == ("SM-003", day)
    ]
    assert {row["method"] for row in found} <= {"profile_scaled_to_register", "gap_with_scalar", "proration"}
    assert len(found) == 9
    assert len({row["method"] for row in found}) == 1
    assert used == pytest.approx(counted)


def test_a_register_that_disagreed_before_fails_its_days_and_fills_no_gap(sent):
    day = LAST - timedelta(days=1)
    totals = totals_of(reads_of(sent, CHUNK), times=10.0)
    made = reads_of(without(sent, "SM-003", at(day, 10), at(day, 14)), CHUNK, totals)
    failed = {row["reading_date"] for row in of_meter(made) if "sum_check" in row["failed_rules"]}
    assert failed == {BEGIN + timedelta(days=each) for each in range((LAST - BEGIN).days + 1)} - {day}
    assert not {row["method"] for row in of_meter(made, state="ESTIMATED")} & {
        "profile_scaled_to_register",
        "gap_with_scalar",
    }


def test_the_reason_of_a_gap_is_its_own_however_long_it_is(sent):
    """A fortnight has more than twenty thousand minutes."""
    made = reads_of(
        without(sent, "SM-003", at(LAST - timedelta(days=10), 0), at(LAST + timedelta(days=1), 0)), CHUNK
    )
    said = {row["reason"] for row in of_meter(made) if row["state"] != "MEASURED"}
    assert said
    assert all(reason.startswith("missing, ") for reason in said)
