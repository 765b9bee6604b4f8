import datetime as dt

import pytest
from pyspark.sql import functions as F

from domains.refinery.gold.anomaly_alerts import anomaly_alerts
from domains.refinery.gold.equipment_health import equipment_health
from domains.refinery.gold.sensor_days import sensor_days
from domains.refinery.gold.sensor_trust import sensor_trust
from domains.refinery.gold.suspect_readings import suspect_readings
from domains.refinery.gold.unit_stands import unit_stands

AS_OF = dt.datetime(2024, 1, 10)


def readings(table, lines: list[str]):
    head = "reading_id  sensor_id  sensor_type  reading_timestamp  reading_value  alert_status"
    same = "refinery_id=REF-000  unit_id=UNIT-00000  reading_date=2024-01-02  reading_quality=GOOD  is_interpolated=false  is_out_of_range=false  measurement_unit=Fahrenheit  warning_low=200  warning_high=900  critical_low=100  critical_high=1000"
    return table("\n".join([f"{head}  {same}", *lines]))


def of_minute(minute: int, status: str, value: int, sensor: str = "S1", kind: str = "Temperature") -> str:
    at = f"2024-01-02 {10 + minute // 60}:{minute % 60:02d}:00"
    return f"R{minute}{sensor}  {sensor}  {kind}  {at}  {value}  {status}"


def alerts(table, sensors, stands, lines: list[str], flaws: str = "true"):
    sent = readings(table, lines)
    sent = sent.withColumn("reading_quality", F.expr(f"CASE WHEN {flaws} THEN 'GOOD' ELSE 'BAD' END"))
    return (
        anomaly_alerts(sent, sensor_days(sent, sensors, stands))
        .orderBy("window_start", "measurement_unit")
        .collect()
    )


CALM = [of_minute(minute, "NORMAL", 500 + minute * 7 % 5) for minute in range(0, 60, 3)]


def test_a_window_in_which_a_sensor_stays_critical_names_it_its_value_and_its_limit(table, sensors, stands):
    """Beyond the warning at 11:02, beyond critical at 11:03 and 11:04, back at 11:06: one window; (10 + 10 + 3) / 3."""
    lines = [
        *CALM,
        of_minute(62, "WARNING", 950),
        of_minute(63, "CRITICAL", 1050),
        of_minute(64, "CRITICAL", 1040),
        of_minute(66, "NORMAL", 500),
    ]
    (found,) = alerts(table, sensors, stands, lines)
    assert (found.critical_count, found.warning_count, found.reading_count) == (2, 1, 3)
    assert found.alert_severity_score == pytest.approx(23 / 3)
    assert (found.sensor_id, found.worst_value, found.limit_value, found.limit_kind) == (
        *("S1", 1050, 1000),
        "critical_high",
    )
    assert str(found.beyond_since) == "2024-01-02 11:02:00"
    assert (found.window_start, found.window_end) == found.time_window
    assert (str(found.window_start), str(found.window_end)) == ("2024-01-02 11:00:00", "2024-01-02 11:05:00")
    assert (found.min_value, found.max_value, found.avg_value) == (950, 1050, pytest.approx(3040 / 3))
    assert found.stddev_value == pytest.approx(55.08, abs=0.01)
    assert found.sensors_beyond == 1


def test_one_critical_reading_alone_is_no_alert(table, sensors, stands):
    assert (
        alerts(table, sensors, stands, [*CALM, of_minute(62, "CRITICAL", 1050), of_minute(63, "NORMAL", 501)])
        == []
    )


def test_readings_that_the_instrument_doubts_are_left_out(table, sensors, stands):
    lines = [
        *CALM,
        of_minute(62, "CRITICAL", 1050),
        of_minute(63, "CRITICAL", 1040),
        of_minute(66, "NORMAL", 500),
    ]
    assert len(alerts(table, sensors, stands, lines)) == 1
    assert alerts(table, sensors, stands, lines, flaws="reading_id <> 'R63S1'") == []


def test_a_sensor_beyond_its_limit_for_an_hour_has_a_window_each_five_minutes_and_one_begin(
    table, sensors, stands
):
    lines = [*CALM, *(of_minute(minute, "CRITICAL", 1050) for minute in range(60, 75, 5))]
    found = alerts(table, sensors, stands, lines)
    assert [row.window_start.minute for row in found] == [0, 5, 10]
    assert {str(row.beyond_since) for row in found} == {"2024-01-02 11:00:00"}


@pytest.mark.parametrize(("sensors_beyond", "kept"), [(2, 0), (3, 1)])
def test_warnings_alone_are_an_alert_from_six_on(table, sensors, stands, sensors_beyond, kept):
    lines = [
        of_minute(minute, "WARNING", 950, f"S{number}")
        for number in range(sensors_beyond)
        for minute in (60, 61)
    ]
    assert len(alerts(table, sensors, stands, lines)) == kept


def test_sensors_in_different_units_of_measure_are_apart(table, sensors, stands):
    lines = [of_minute(minute, "CRITICAL", 1050, sensor) for sensor in ("S1", "C1") for minute in (60, 61)]
    sent = readings(table, lines)
    sent = sent.withColumn("measurement_unit", F.expr("IF(sensor_id = 'C1', 'Celsius', 'Fahrenheit')"))
    found = anomaly_alerts(sent, sensor_days(sent, sensors, stands)).orderBy("measurement_unit").collect()
    assert [(row.measurement_unit, row.sensor_id, row.reading_count) for row in found] == [
        ("Celsius", "C1", 2),
        ("Fahrenheit", "S1", 2),
    ]


@pytest.fixture
def sensors(table):
    return table("""
        sensor_id  sensor_type  is_active  min_value  max_value  unit_id=UNIT-00000  refinery_id=REF-000  measurement_unit=Fahrenheit  effective_from=2024-01-01 00:00:00  effective_to=9999-12-31 00:00:00  is_current=true  version=1  warning_low=200  warning_high=900  critical_low=100  critical_high=1000
        S1         Temperature  true       0          1000
        S2         Pressure     true       0          200
        S3         Level        false      0          100
    """)


@pytest.fixture
def stands(table):
    """Another unit stood, and the unit of all readings on another day and late in the evening of theirs."""
    return table("""
        unit_id     production_hour      production_date  state=STANDS
        UNIT-00001  2024-01-02 11:00:00  2024-01-02
        UNIT-00000  2024-01-01 11:00:00  2024-01-01
        UNIT-00000  2024-01-02 23:00:00  2024-01-02
    """)


def hourly(day: int, hours, value: int, status: str) -> list[str]:
    return [
        f"R{day}{hour:02d}S1  S1  Temperature  2024-01-{day:02d} {hour:02d}:00:00  {value}  {status}"
        for hour in hours
    ]


def test_a_standing_unit_has_no_alert_and_its_readings_do_not_count_as_running(table, sensors, stands):
    low = [of_minute(minute, "CRITICAL", 90) for minute in (62, 63, 64)]
    assert len(alerts(table, sensors, stands, [*CALM, *low])) == 1
    here = stands.withColumn("unit_id", F.lit("UNIT-00000"))
    assert alerts(table, sensors, here, [*CALM, *low]) == []
    (row,) = sensor_days(readings(table, [*CALM, *low]), sensors, here).collect()
    assert (row.critical_count, row.running_beyond_count, row.beyond_count) == (3, 0, 0)
    assert (row.reading_count, row.running_count) == (23, 20)


def test_what_is_beyond_over_midnight_began_the_day_before(table, sensors, stands):
    lines = [
        *hourly(2, range(20), 500, "NORMAL"),
        *hourly(2, range(20, 23), 950, "CRITICAL"),
        *hourly(3, range(2), 951, "CRITICAL"),
        *hourly(3, range(2, 4), 500, "NORMAL"),
        *hourly(3, range(4, 6), 952, "CRITICAL"),
    ]
    sent = readings(table, lines).withColumn("reading_date", F.to_date("reading_timestamp"))
    found = anomaly_alerts(sent, sensor_days(sent, sensors, stands.limit(0))).orderBy("window_start")
    since = {str(row.window_start): str(row.beyond_since) for row in found.collect()}
    assert since["2024-01-03 01:00:00"] == "2024-01-02 20:00:00"
    assert since["2024-01-03 05:00:00"] == "2024-01-03 04:00:00"
    assert since["2024-01-02 22:00:00"] == "2024-01-02 20:00:00"


def test_a_unit_stands_by_its_downtime_and_heats_up_for_half_a_day(table):
    made = table("""
        unit_id  refinery_id  production_hour      input_volume_barrels  downtime_minutes  downtime_cause
        U1       REF-000      2024-01-01 20:00:00  900                   20                Power Dip
        U1       REF-000      2024-01-01 21:00:00  0                     60                Power Dip
        U1       REF-000      2024-01-01 22:00:00  700                   0                 -
        U2       REF-000      2024-01-01 21:00:00  900                   0                 -
    """)
    rows = unit_stands(made).orderBy("production_hour").collect()
    assert [row.state for row in rows] == ["STANDS"] * 2 + ["HEATS UP"] * 12
    assert {row.unit_id for row in rows} == {"U1"}
    last = rows[-1]
    assert (str(last.production_hour), str(last.production_date)) == ("2024-01-02 09:00:00", "2024-01-02")
    assert (last.hours_since_stand, last.downtime_minutes, last.downtime_cause) == (12, 0, "Power Dip")
    assert [row.downtime_minutes for row in rows[:3]] == [20, 60, 0]


def test_a_sensors_day_counts_what_was_read_and_how_it_was_judged(table, sensors, stands):
    lines = [of_minute(0, "CRITICAL", 1001), of_minute(1, "WARNING", 901), of_minute(2, "NORMAL", 500)]
    (row,) = sensor_days(readings(table, lines), sensors, stands).collect()
    assert (row.reading_count, row.critical_count, row.warning_count) == (3, 1, 1)
    assert (row.sensor_id, row.reading_date, row.unit_id) == ("S1", dt.date(2024, 1, 2), "UNIT-00000")
    assert (row.level, row.value_span, row.suspects) == (901, 1000, [])


def test_a_sensors_day_tells_its_last_excursion(table, sensors, stands):
    lines = [
        *CALM,
        of_minute(62, "WARNING", 150),
        of_minute(63, "WARNING", 140),
        of_minute(70, "NORMAL", 500),
    ]
    (row,) = sensor_days(readings(table, lines), sensors, stands).collect()
    assert (row.beyond_count, row.beyond_critical_count) == (2, 0)
    assert (str(row.beyond_since), str(row.beyond_until)) == ("2024-01-02 11:02:00", "2024-01-02 11:03:00")
    assert (row.beyond_value, row.beyond_limit_kind, row.beyond_limit) == (140, "warning_low", 200)
    (calm,) = sensor_days(readings(table, CALM), sensors, stands).collect()
    assert (calm.beyond_count, calm.beyond_since, calm.beyond_limit) == (0, None, None)


@pytest.fixture
def days(table):
    """A thermometer that was critical once in ten, a gauge that never was, on 10 April."""
    return table("""
        sensor_id  sensor_type  reading_count  running_count  running_beyond_count  running_stddev  running_level  value_span  unit_id=UNIT-00000  refinery_id=REF-000  reading_date=2024-04-10
        S1         Temperature  10             10             1                     20.0            500            1000
        S2         Pressure     10             10             0                     8.0             100            200
    """)


def test_health_takes_anomalies_times_500_and_a_tenth_of_the_unrest(days, processing_units, refineries):
    """Rates 0.1 and 0, on average 0.05; unrest 20 and 40 thousandths, on average 30: 100 - 25 - 3."""
    (row,) = equipment_health(days, processing_units, refineries).collect()
    assert (row.health_score, row.avg_anomaly_rate, row.avg_volatility) == (
        pytest.approx(72),
        pytest.approx(0.05),
        pytest.approx(30),
    )
    assert (row.unit_name, row.refinery_name, row.temperature_level) == ("CDU-1", "Alpha", 0.5)
    assert row.vibration_level is None


def test_health_is_never_below_zero(days, processing_units, refineries):
    ill = days.withColumn("running_beyond_count", F.lit(10))
    assert equipment_health(ill, processing_units, refineries).first().health_score == 0


def test_a_unit_that_stood_all_day_has_no_score(days, processing_units, refineries):
    nothing = {name: F.lit(None).cast("double") for name in ("running_stddev", "running_level")}
    stood = days.withColumns(nothing | {"running_count": F.lit(0), "running_beyond_count": F.lit(0)})
    row = equipment_health(stood, processing_units, refineries).first()
    assert (row.health_score, row.running_share, row.vibration_level) == (None, 0, None)


@pytest.mark.parametrize(
    ("day", "status"),
    [("2024-03-31", "OK"), ("2024-04-01", "DUE_SOON"), ("2024-04-10", "DUE_SOON"), ("2024-04-11", "OVERDUE")],
)
def test_maintenance_is_due_soon_from_nine_tenths_of_its_interval(
    days, processing_units, refineries, day, status
):
    """Last maintained on 1 January, every 100 days: 31 March is day 90, 10 April day 100."""
    then = days.withColumn("reading_date", F.lit(day).cast("date"))
    row = equipment_health(then, processing_units, refineries).first()
    assert row.maintenance_status == status


def test_maintenance_is_judged_by_what_was_known_on_that_day(days, table, refineries):
    units = table("""
        unit_id     unit_name  unit_type  last_maintenance_date  effective_from       effective_to         version  maintenance_interval_days=100
        UNIT-00000  CDU-1      Crude      2024-01-01             2024-01-01 00:00:00  2024-04-12 00:00:00  1
        UNIT-00000  CDU-1      Crude      2024-04-11             2024-04-12 00:00:00  9999-12-31 00:00:00  2
    """)
    both = days.union(days.withColumn("reading_date", F.lit("2024-04-20").cast("date")))
    found = equipment_health(both, units, refineries).orderBy("reading_date").collect()
    assert [row.days_since_maintenance for row in found] == [100, 9]


def test_suspect_readings_are_taken_out_of_their_days(table, sensors, stands):
    values = [500, 501, 500, 499, 260, 500, 501, 499, 500, 498, 501, 500]
    lines = [
        f"R{hour}  S1  Temperature  2024-01-02 {hour:02d}:00:00  {value}  NORMAL"
        for hour, value in enumerate(values)
    ]
    (row,) = suspect_readings(sensor_days(readings(table, lines), sensors, stands)).collect()
    assert (row.reading_id, row.suspicion, row.sensor_id) == ("R4", "wrong_unit", "S1")
    assert (row.sent_value, row.converted_value) == (260, 500)


@pytest.fixture
def trusted(table, sensors):
    """S1 is well until its last day, when it drifts by 100 and sticks; S2 falls silent on the 5th."""
    quiet = "0.25  1  0.25  0  0  0  []"
    lines = [f"S1  2024-01-{day:02d}  {500 + day % 2}  {quiet}" for day in range(1, 9)]
    lines += ["S1  2024-01-09  600  6.0  7  0.25  2  1  0  []"]
    lines += [f"S2  2024-01-{day:02d}  {100 + day % 2}  {quiet}" for day in range(1, 6)]
    head = "sensor_id  reading_date  level  longest_stuck_hours  longest_stuck_readings  longest_gap_hours  uncertain_count  bad_count  out_of_range_count  suspects"
    found = table("\n".join([f"{head}  reading_count=100  interpolated_count=1  value_span=1000", *lines]))
    at = F.col("reading_date").cast("timestamp")
    return found.select(
        "*", at.alias("first_reading_at"), (at + F.expr("interval 23 hours")).alias("last_reading_at")
    ).withColumn("suspects", F.array())


@pytest.fixture
def alarms(table):
    """S1 drifts since the 9th; S2 did long before, and S3's alarm was of another kind."""
    return table("""
        subject  kind   event    event_number  event_at
        S2       drift  raised   1             2023-12-01 06:00:00
        S2       drift  cleared  2             2023-12-02 06:00:00
        S3       stuck  raised   3             2024-01-08 06:00:00
        S1       drift  raised   4             2024-01-09 06:00:00
    """)


def test_trust_falls_with_each_fault(trusted, sensors, alarms):
    found = {row.sensor_id: row for row in sensor_trust(trusted, sensors, alarms, AS_OF).collect()}
    ill, silent, off = found["S1"], found["S2"], found["S3"]
    assert (ill.is_silent, ill.is_stuck, ill.is_drifting, ill.has_gaps) == (False, True, True, False)
    assert ill.drift == pytest.approx(0.0995, abs=0.001)
    # stuck 30, drift 20, one bad and two doubtful of 600 readings
    assert ill.trust_score == pytest.approx(100 - 50 - 200 / 600 - 50 * 2 / 600)
    assert (silent.is_silent, silent.hours_silent, silent.trust_score) == (True, 97, pytest.approx(60))
    assert (off.is_active, off.trust_score) == (False, None)


def test_trust_as_of_a_day_does_not_see_the_days_after(trusted, sensors, alarms):
    early = dt.datetime(2024, 1, 6)
    before = {row.sensor_id: row for row in sensor_trust(trusted, sensors, alarms, early).collect()}
    assert (before["S1"].is_stuck, before["S1"].is_drifting, before["S1"].trust_score) == (False, False, 100)
    assert before["S2"].is_silent is False
