-- Readings beyond the valid range of their sensor, flagged as they enter silver; their file ends with the day.
SELECT 'sensor_readings' AS table_name, reading_id AS key,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM sensor_readings
WHERE is_out_of_range
