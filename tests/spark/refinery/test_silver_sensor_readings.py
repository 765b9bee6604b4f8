import pytest
from pyspark.sql import DataFrame, Row

from domains.refinery.silver.sensor_readings import sensor_readings


@pytest.fixture
def sensors(table):
    """A thermometer whose limits tighten on 10 January, one in °C that is off, and a flow meter."""
    return table("""
        sensor_id  sensor_type  measurement_unit  min_value  max_value  warning_low  warning_high  critical_low  critical_high  is_active  effective_from       effective_to         version  unit_id=U  refinery_id=R
        F          Temperature  Fahrenheit        0          1200       200          900           100           1000           true       2024-01-01 00:00:00  2024-01-10 00:00:00  1
        F          Temperature  Fahrenheit        0          1200       200          500           100           600            true       2024-01-10 00:00:00  9999-12-31 00:00:00  2
        C          Temperature  Celsius           -50        600        50           500           0             550            false      2024-01-01 00:00:00  9999-12-31 00:00:00  1
        P          Pressure     PSI               0          5000       50           3000          10            4000           true       2024-01-01 00:00:00  9999-12-31 00:00:00  1
    """)


def judged(table, sensors: DataFrame, line: str) -> Row:
    reading = table(f"""
        reading_id  sensor_id  unit_id  refinery_id  reading_timestamp  reading_value  is_interpolated=false
        R1          {line}
    """)
    return sensor_readings(reading, sensors).first()


def all_judged(table, sensors: DataFrame, lines: list[str]) -> list[Row]:
    head = "reading_id  sensor_id  reading_value  unit_id=U  refinery_id=R  reading_timestamp=2024-01-02 00:00:00"
    numbered = [f"{place}  {line}" for place, line in enumerate(lines)]
    return sensor_readings(table("\n".join([head, *numbered])), sensors).orderBy("reading_id").collect()


def test_alert_status_follows_the_limits_in_the_seeds_order(table, sensors):
    values = {
        "500": "NORMAL",
        "900": "NORMAL",
        "901": "WARNING",
        "199": "WARNING",
        "1001": "CRITICAL",
        "99": "CRITICAL",
    }
    rows = all_judged(table, sensors, [f"F  {value}" for value in values])
    assert [row.alert_status for row in rows] == list(values.values())
    assert all(row._reasons == [] for row in rows)


def test_a_reading_is_judged_by_the_limits_that_held_at_its_time(table, sensors):
    before = judged(table, sensors, "F  U  R  2024-01-09 23:59:59  700")
    after = judged(table, sensors, "F  U  R  2024-01-10 00:00:00  700")
    assert (before.alert_status, after.alert_status) == ("NORMAL", "CRITICAL")
    assert (before.critical_high, after.critical_high) == (1000, 600)


def test_the_first_version_holds_for_readings_before_it(table, sensors):
    row = judged(table, sensors, "F  U  R  2023-12-31 00:00:00  700")
    assert (row.alert_status, row._reasons) == ("NORMAL", [])


def test_out_of_the_sensors_range_is_flagged_and_kept(table, sensors):
    row = judged(table, sensors, "F  U  R  2024-01-02 00:00:00  1230")
    assert (row.is_out_of_range, row.alert_status, row._reasons) == (True, "CRITICAL", [])


def test_the_physically_impossible_is_rejected(table, sensors):
    lines = ["F  -460", "F  -9999", "P  -1", "P  999999", "P  NaN", "P  Infinity", "P  -Infinity"]
    for row in all_judged(table, sensors, lines):
        assert row._reasons == ["reading_value is impossible for its unit of measure"], row


def test_a_reading_of_an_inactive_sensor_is_rejected_with_that_reason(table, sensors):
    assert judged(table, sensors, "C  U  R  2024-01-02 00:00:00  100")._reasons == ["sensor is not active"]


def test_a_reading_of_an_unknown_sensor_is_an_orphan(table, sensors):
    row = judged(table, sensors, "X  U  R  2024-01-02 00:00:00  100")
    assert row._reasons == ["sensor_id refers to nothing"]


def test_a_reading_that_names_another_unit_than_its_sensors_is_rejected(table, sensors):
    row = judged(table, sensors, "F  V  R  2024-01-02 00:00:00  500")
    assert row._reasons == ["unit_id or refinery_id is not the sensor's"]


def test_the_source_columns_stay_and_the_helpers_go(table, sensors):
    row = judged(table, sensors, "F  U  R  2024-01-02 00:00:00  500").asDict()
    assert row["is_interpolated"] is False
    assert str(row["reading_date"]) == "2024-01-02"
    assert [name for name in row if name.startswith("_")] == ["_reasons"]
