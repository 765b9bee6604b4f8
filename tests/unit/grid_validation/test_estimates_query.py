import duckdb

from headrace.serve.named_queries import named_query

HALF_HOURS = """SELECT meter_id, 'C-' || meter_id AS customer_id, state, kwh::DOUBLE AS kwh, measured_kwh, method,
    confidence::DOUBLE AS confidence,
    DATE '2026-03-01' + CAST(day AS INTEGER) AS reading_date FROM (VALUES
    ('A', 30, 'MEASURED', 1.0, 1.0, NULL, NULL), ('A', 30, 'ESTIMATED', 2.0, NULL, 'profile', 0.6),
    ('A', 29, 'ESTIMATED', 1.0, 80.0, 'interpolation', 0.8), ('A', 29, 'MISSING', NULL, NULL, NULL, NULL),
    ('A', 1, 'ESTIMATED', 99.0, NULL, 'like_day', 0.1), ('B', 30, 'ESTIMATED', 9.0, NULL, 'profile', 0.5),
    ('C', 30, 'MEASURED', 5.0, 5.0, NULL, NULL)) t(meter_id, day, state, kwh, measured_kwh, method, confidence)"""


def test_the_meters_are_listed_whose_reads_of_four_weeks_were_estimated_the_most_energy_first():
    with duckdb.connect() as connection:
        connection.execute(f"CREATE SCHEMA gold; CREATE TABLE gold.validated_reads AS {HALF_HOURS}")
        rows = connection.sql(named_query("grid/estimates").sql).pl().to_dicts()
    assert [row["meter"] for row in rows] == ["B", "A"]
    found = rows[1]
    assert (found["estimated"], found["missing"], found["no_read"], found["not_believed"]) == (2, 1, 2, 1)
    assert (found["estimated_kwh"], found["estimated_share"]) == (3.0, 0.75)
    assert found["methods"] == "interpolation, profile"
    assert (found["mean_confidence"], found["least_confidence"]) == (0.7, 0.6)
    assert str(found["first_day"]) == "2026-03-30"
