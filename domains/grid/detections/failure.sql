-- Transformers whose oil tells of a fault, as soon as the laboratory reports it, and those at high risk of failing at the
-- end of the data.
SELECT 'substation_telemetry' AS table_name, transformer_id AS sender,
       sampled_at AS from_at, sampled_at AS to_at, CAST(reported_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM gas_diagnoses
WHERE tells_of_fault AND sampled_at >= (SELECT min(timestamp) FROM substation_telemetry)
UNION ALL
SELECT 'substation_telemetry' AS table_name, transformer_id AS sender,
       last_heard_at - INTERVAL 2 DAY AS from_at, last_heard_at AS to_at, last_heard_at AS found_at
FROM transformer_health
WHERE risk_level = 'HIGH' AND main_reason = 'gas'
