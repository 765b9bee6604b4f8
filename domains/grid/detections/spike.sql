-- Half-hours that are hard to believe; known when the day is over.
SELECT 'smart_meter_readings' AS table_name, meter_id AS sender,
       spike_at - INTERVAL 30 MINUTE AS from_at, spike_at AS to_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM (SELECT meter_id, reading_date, unnest(spiked_at) AS spike_at FROM meter_days)
