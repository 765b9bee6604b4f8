-- Silences of more than three hours, within a day or over midnight.
WITH days AS (
    SELECT *, lag(last_reading_at) OVER (PARTITION BY sensor_id ORDER BY reading_date) AS heard_before
    FROM sensor_days
)
SELECT 'sensor_readings' AS table_name, sensor_id AS sender,
       coalesce(heard_before, first_reading_at) AS from_at, last_reading_at AS to_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM days
WHERE longest_gap_hours > 3 OR epoch(first_reading_at - heard_before) / 3600 > 3
