-- Readings beyond the valid range of their sensor, flagged as they enter silver.
SELECT 'sensor_readings' AS table_name, reading_id AS key, processing_time AS found_at
FROM sensor_readings
WHERE is_out_of_range
