-- Readings that leave both neighbours for no reason; known when the day is over.
SELECT 'sensor_readings' AS table_name, reading_id AS key,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM suspect_readings
WHERE suspicion = 'spike'
