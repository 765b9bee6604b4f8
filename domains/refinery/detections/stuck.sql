-- Days on which a sensor showed one and the same value for hours.
SELECT 'sensor_readings' AS table_name, sensor_id AS sender,
       CAST(reading_date AS TIMESTAMPTZ) AS from_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM sensor_days
WHERE longest_stuck_readings >= 5 AND longest_stuck_hours >= 3
