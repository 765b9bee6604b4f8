-- Customers who draw more than their contract allows on three days or more.
SELECT 'smart_meter_readings' AS table_name, meter_id AS sender,
       CAST(min(reading_date) AS TIMESTAMPTZ) AS from_at,
       CAST(max(reading_date) + INTERVAL 1 DAY AS TIMESTAMPTZ) AS to_at,
       CAST(max(reading_date) + INTERVAL 1 DAY AS TIMESTAMPTZ) AS found_at
FROM meter_days
WHERE peak_kw > sanctioned_load_kw
GROUP BY meter_id
HAVING count(*) >= 3
