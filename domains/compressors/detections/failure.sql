-- Alarms of machines that are beyond a limit, which is what a control room without a model would see.
SELECT 'sensor_readings' AS table_name, compressor_id AS sender, began_at AS from_at,
       coalesce(cleared_at, (SELECT max(timestamp) FROM sensor_features)) AS to_at, raised_at AS found_at
FROM alert_history
WHERE kind = 'limit'
