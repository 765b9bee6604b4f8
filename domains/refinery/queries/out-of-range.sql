-- Which sensors read outside their normal operating limits on the last two days?
-- Columns: sensor, unit and what it measures there, the worst value and the limit it passed in the sensor's unit of
-- measure, whether it is beyond still, since when and until when it was beyond last, readings beyond critical and beyond
-- any limit, all that stayed and are to be believed, refinery. Critical ones first, then those that are beyond still.
WITH last_day AS (
    SELECT max(reading_date) AS today FROM gold.sensor_days
),
recent AS (
    SELECT
        d.sensor_id,
        sum(d.beyond_critical_count) AS critical,
        sum(d.beyond_count) AS beyond,
        max(d.last_reading_at) AS last_reading_at
    FROM gold.sensor_days d
    CROSS JOIN last_day l
    WHERE d.reading_date > l.today - INTERVAL '2' DAY
    GROUP BY d.sensor_id
),
latest AS (
    SELECT
        d.*,
        row_number() OVER (PARTITION BY d.sensor_id ORDER BY d.reading_date DESC) AS place
    FROM gold.sensor_days d
    CROSS JOIN last_day l
    WHERE d.reading_date > l.today - INTERVAL '2' DAY AND d.beyond_count > 0
)
SELECT
    e.sensor_id AS sensor,
    u.unit_name AS unit,
    e.sensor_type AS measures,
    round(e.beyond_value, 2) AS worst_value,
    e.beyond_limit AS limit_passed,
    e.measurement_unit,
    e.beyond_limit_kind AS limit_kind,
    e.beyond_until >= r.last_reading_at AS is_beyond_still,
    e.beyond_since,
    e.beyond_until,
    r.critical AS critical_readings,
    r.beyond AS readings_beyond,
    h.refinery_name AS refinery,
    e.unit_id
FROM latest e
JOIN recent r ON r.sensor_id = e.sensor_id
JOIN silver.refineries h ON h.refinery_id = e.refinery_id
LEFT JOIN silver.processing_units u ON u.unit_id = e.unit_id AND u.is_current
WHERE e.place = 1
ORDER BY
    CASE WHEN e.beyond_limit_kind IN ('critical_high', 'critical_low') THEN 0 ELSE 1 END,
    is_beyond_still DESC,
    r.critical DESC,
    r.beyond DESC,
    e.sensor_id
LIMIT 50
