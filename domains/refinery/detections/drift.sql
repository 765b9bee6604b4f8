-- Days on which a sensor's level is far from its own level of the two weeks before.
WITH days AS (
    SELECT sensor_id, reading_date, level, value_span,
           median(level) OVER before AS usual, stddev(level) OVER before AS noise, count(*) OVER before AS known
    FROM sensor_days
    WINDOW before AS (
        PARTITION BY sensor_id ORDER BY reading_date ROWS BETWEEN 15 PRECEDING AND 2 PRECEDING
    )
)
SELECT 'sensor_readings' AS table_name, sensor_id AS sender,
       CAST(reading_date AS TIMESTAMPTZ) AS from_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM days
WHERE known >= 4 AND abs(level - usual) > 5 * noise AND abs(level - usual) > 0.01 * value_span
