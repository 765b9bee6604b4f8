import datetime as dt

import pytest
from pyspark.sql import functions as F

from domains.refinery.gold.anomaly_alerts import anomaly_alerts
from domains.refinery.gold.equipment_health import equipment_health
from domains.refinery.gold.sensor_days import sensor_days
from domains.refinery.gold.sensor_trust import sensor_trust
from domains.refinery.gold.suspect_readings import suspect_readings

AS_OF = dt.datetime(2024, 1, 10)


def readings(table, lines: list[str]):
    head = "reading_id  sensor_id  sensor_type  reading_timestamp  reading_value  alert_status"
    same = "refinery_id=REF-000  unit_id=UNIT-00000  reading_date=2024-01-02  reading_quality=GOOD  is_interpolated=false  is_out_of_range=false  measurement_unit=Fahrenheit"
    return table("\n".join([f"{head}  {same}", *lines]))


def of_minute(second: int, status: str, sensor: str = "S1", kind: str = "Temperature") -> str:
    return f"R{second}{sensor}  {sensor}  {kind}  2024-01-02 10:{second // 60:02d}:{second % 60:02d}  {500 + second}  {status}"


def test_a_window_with_a_critical_reading_is_an_alert(table):
    """One critical and two warnings of four: (10 + 3 + 3) / 4."""
    found = anomaly_alerts(
        readings(
            table,
            [of_minute(s, status) for s, status in enumerate(["CRITICAL", "WARNING", "WARNING", "NORMAL"])],
        )
    ).collect()
    assert [(row.critical_count, row.warning_count, row.alert_severity_score) for row in found] == [
        (1, 2, 4.0)
    ]
    assert (found[0].window_start, found[0].window_end) == found[0].time_window
    assert (str(found[0].window_start), str(found[0].window_end)) == (
        "2024-01-02 10:00:00",
        "2024-01-02 10:05:00",
    )
    assert (found[0].min_value, found[0].max_value, found[0].avg_value) == (500, 503, 501.5)
    assert found[0].stddev_value == pytest.approx(1.291, abs=1e-3)


@pytest.mark.parametrize(("warnings", "kept"), [(5, 0), (6, 1)])
def test_warnings_alone_are_an_alert_from_six_on(table, warnings, kept):
    lines = [of_minute(second, "WARNING") for second in range(warnings)] + [of_minute(20, "NORMAL")]
    assert anomaly_alerts(readings(table, lines)).count() == kept


def test_windows_are_cut_every_five_minutes_and_by_kind(table):
    lines = [
        of_minute(299, "CRITICAL"),
        of_minute(300, "CRITICAL"),
        of_minute(300, "CRITICAL", "S2", "Pressure"),
    ]
    found = anomaly_alerts(readings(table, lines)).orderBy("window_start", "sensor_type").collect()
    assert [(row.window_start.minute, row.sensor_type) for row in found] == [
        (0, "Temperature"),
        (5, "Pressure"),
        (5, "Temperature"),
    ]


@pytest.fixture
def sensors(table):
    return table("""
        sensor_id  sensor_type  is_active  min_value  max_value  unit_id=UNIT-00000  refinery_id=REF-000  measurement_unit=Fahrenheit  effective_from=2024-01-01 00:00:00  effective_to=9999-12-31 00:00:00  is_current=true  version=1
        S1         Temperature  true       0          1000
        S2         Pressure     true       0          200
        S3         Level        false      0          100
    """)


def test_a_sensors_day_counts_what_was_read_and_how_it_was_judged(table, sensors):
    lines = [
        of_minute(second, status) for second, status in ((0, "CRITICAL"), (60, "WARNING"), (120, "NORMAL"))
    ]
    (row,) = sensor_days(readings(table, lines), sensors).collect()
    assert (row.reading_count, row.critical_count, row.warning_count) == (3, 1, 1)
    assert (row.sensor_id, row.reading_date, row.unit_id) == ("S1", dt.date(2024, 1, 2), "UNIT-00000")
    assert (row.level, row.value_span, row.suspects) == (560, 1000, [])


@pytest.fixture
def days(table):
    """A thermometer that was critical once in ten, a gauge that never was, on 10 April."""
    return table("""
        sensor_id  sensor_type  reading_count  critical_count  warning_count  stddev_value  level  value_span  unit_id=UNIT-00000  refinery_id=REF-000  reading_date=2024-04-10
        S1         Temperature  10             1               0              20.0          500    1000
        S2         Pressure     10             0               0              8.0           100    200
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
    ill = days.withColumn("critical_count", F.lit(10))
    assert equipment_health(ill, processing_units, refineries).first().health_score == 0


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


def test_suspect_readings_are_taken_out_of_their_days(table, sensors):
    values = [500, 501, 500, 499, 260, 500, 501, 499, 500, 498, 501, 500]
    lines = [
        f"R{hour}  S1  Temperature  2024-01-02 {hour:02d}:00:00  {value}  NORMAL"
        for hour, value in enumerate(values)
    ]
    (row,) = suspect_readings(sensor_days(readings(table, lines), sensors)).collect()
    assert (row.reading_id, row.suspicion, row.sensor_id) == ("R4", "wrong_unit", "S1")


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


def test_trust_falls_with_each_fault(trusted, sensors):
    found = {row.sensor_id: row for row in sensor_trust(trusted, sensors, AS_OF).collect()}
    ill, silent, off = found["S1"], found["S2"], found["S3"]
    assert (ill.is_silent, ill.is_stuck, ill.is_drifting, ill.has_gaps) == (False, True, True, False)
    assert ill.drift == pytest.approx(0.0995, abs=0.001)
    # stuck 30, drift 20, one bad and two doubtful of 600 readings
    assert ill.trust_score == pytest.approx(100 - 50 - 200 / 600 - 50 * 2 / 600)
    assert (silent.is_silent, silent.hours_silent, silent.trust_score) == (True, 97, pytest.approx(60))
    assert (off.is_active, off.trust_score) == (False, None)


def test_trust_as_of_a_day_does_not_see_the_days_after(trusted, sensors):
    before = {row.sensor_id: row for row in sensor_trust(trusted, sensors, dt.datetime(2024, 1, 6)).collect()}
    assert (before["S1"].is_stuck, before["S1"].is_drifting, before["S1"].trust_score) == (False, False, 100)
    assert before["S2"].is_silent is False
