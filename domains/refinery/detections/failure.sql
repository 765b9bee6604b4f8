-- Units whose vibration stands far above its own level of the weeks before.
WITH days AS (
    SELECT unit_id, reading_date, vibration_level,
           median(vibration_level) OVER before AS usual, stddev(vibration_level) OVER before AS noise,
           count(*) OVER before AS known
    FROM equipment_health
    WINDOW before AS (PARTITION BY unit_id ORDER BY reading_date ROWS BETWEEN 15 PRECEDING AND 2 PRECEDING)
)
SELECT 'processing_units' AS table_name, unit_id AS sender,
       CAST(reading_date AS TIMESTAMPTZ) AS from_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(reading_date + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM days
WHERE known >= 3 AND vibration_level - usual > greatest(4 * noise, 0.02)
