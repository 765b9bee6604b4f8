-- Alarms of units that fail, from the day that raised one to its end.
SELECT 'processing_units' AS table_name, subject AS sender,
       min(event_at) FILTER (WHERE event = 'raised') - INTERVAL 1 DAY AS from_at,
       coalesce(max(event_at) FILTER (WHERE event = 'cleared'), (SELECT max(event_at) FROM alarms)) AS to_at,
       min(event_at) FILTER (WHERE event = 'raised') AS found_at
FROM alarms
WHERE kind = 'failing' AND event IN ('raised', 'cleared')
GROUP BY alarm_id, subject
