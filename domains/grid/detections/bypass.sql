-- Meters whose load is missing in part behind their transformer.
SELECT 'smart_meter_readings' AS table_name, meter_id AS sender,
       CAST(first_day AS TIMESTAMPTZ) AS from_at, CAST(last_day + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(last_day + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM meter_suspects
WHERE kind = 'THEFT_PARTIAL' AND confidence >= 0.5
