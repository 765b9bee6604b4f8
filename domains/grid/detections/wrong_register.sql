-- Meters whose register disagrees with their half-hours on two days or more.
SELECT 'register_reads' AS table_name, meter_id AS sender,
       CAST(min(reading_date) AS TIMESTAMPTZ) AS from_at,
       CAST(max(reading_date) + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(max(reading_date) + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM validated_reads
WHERE list_contains(failed_rules, 'sum_check')
GROUP BY meter_id
HAVING count(DISTINCT reading_date) >= 2
