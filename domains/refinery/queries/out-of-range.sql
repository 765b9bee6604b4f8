-- Which sensors read outside their normal operating limits on the last two days?
-- Columns: sensor, unit with its id and what it measures there, whether it is beyond still, the worst value and the limit
-- it passed in the sensor's unit of measure, since when and until when it was beyond last, readings beyond critical and
-- beyond any limit, all that stayed and are to be believed, refinery. Those that are beyond still come first, then those
-- that came back, then those of units that stand now; of each the critical ones first, and what passed its limit furthest.
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
),
states AS (
    SELECT
        e.*,
        r.critical,
        r.beyond,
        CASE
            WHEN w.sign = 'STANDS' THEN 'unit stands'
            WHEN e.beyond_until >= r.last_reading_at THEN 'beyond still'
            ELSE 'came back'
        END AS it_is,
        abs(e.beyond_value - e.beyond_limit) / nullif(e.value_span, 0) AS distance
    FROM latest e
    JOIN recent r ON r.sensor_id = e.sensor_id
    LEFT JOIN gold.early_warnings w ON w.unit_id = e.unit_id
    WHERE e.place = 1
)
SELECT
    e.sensor_id AS sensor,
    concat_ws(' ', u.unit_name, e.unit_id) AS unit,
    e.sensor_type AS measures,
    e.it_is,
    round(e.beyond_value, 2) AS worst_value,
    e.beyond_limit AS limit_passed,
    e.measurement_unit,
    e.beyond_limit_kind AS limit_kind,
    e.beyond_since,
    e.beyond_until,
    e.critical AS critical_readings,
    e.beyond AS readings_beyond,
    h.refinery_name AS refinery
FROM states e
JOIN silver.refineries h ON h.refinery_id = e.refinery_id
LEFT JOIN silver.processing_units u ON u.unit_id = e.unit_id AND u.is_current
ORDER BY
    CASE e.it_is WHEN 'beyond still' THEN 0 WHEN 'came back' THEN 1 ELSE 2 END,
    CASE WHEN e.beyond_limit_kind IN ('critical_high', 'critical_low') THEN 0 ELSE 1 END,
    e.distance DESC,
    e.sensor_id
LIMIT 50
