-- Alarms of drift, from the day of readings that raised one to its end.
SELECT 'sensor_readings' AS table_name, subject AS sender,
       min(event_at) FILTER (WHERE event = 'raised') - INTERVAL 1 DAY AS from_at,
       coalesce(max(event_at) FILTER (WHERE event = 'cleared'), (SELECT max(event_at) FROM alarms)) AS to_at,
       min(event_at) FILTER (WHERE event = 'raised') AS found_at
FROM alarms
WHERE kind = 'drift' AND event IN ('raised', 'cleared')
GROUP BY alarm_id, subject
