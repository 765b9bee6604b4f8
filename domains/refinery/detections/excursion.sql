-- Days on which a sensor was beyond a limit for about an hour or more, unless its whole unit was: that is a failure.
WITH days AS (
    SELECT *, beyond_count >= greatest(2, 0.04 * reading_count) AS is_beyond
    FROM sensor_days
),
of_units AS (SELECT *, avg(is_beyond::INT) OVER (PARTITION BY unit_id, reading_date) AS share FROM days)
SELECT 'sensor_readings' AS table_name, sensor_id AS sender,
       CAST(reading_date AS TIMESTAMPTZ) AS from_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM of_units
WHERE is_beyond AND share < 0.1
