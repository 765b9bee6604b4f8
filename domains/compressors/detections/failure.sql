-- Machines that are beyond a limit for three readings, which is what a control room without a model would see.
SELECT 'sensor_readings' AS table_name, compressor_id AS sender,
       started_at AS from_at, last_at AS to_at, confirmed_at AS found_at
FROM threshold_alerts
WHERE confirmed_at IS NOT NULL
