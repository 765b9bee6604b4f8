-- Transformers at high risk of failing, at the end of the data.
SELECT 'substation_telemetry' AS table_name, transformer_id AS sender,
       last_heard_at - INTERVAL 2 DAY AS from_at, last_heard_at AS to_at, last_heard_at AS found_at
FROM transformer_health
WHERE risk_level = 'HIGH' AND main_reason = 'gas'
