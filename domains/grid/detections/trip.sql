-- Outages in which a breaker tripped.
SELECT 'substation_telemetry' AS table_name, transformer_id AS sender,
       began_at AS from_at, began_at + to_minutes(CAST(minutes AS INTEGER)) AS to_at, began_at AS found_at
FROM interruptions
WHERE breaker_status = 'TRIPPED'
