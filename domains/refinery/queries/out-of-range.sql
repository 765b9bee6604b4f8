-- Which sensors read outside their normal operating limits on the last two days?
-- Columns: unit, kind of sensor, readings, how many were critical or beyond the instrument's range, and the
-- worst severity and the latest window of its alerts. Most critical first.
WITH last_day AS (
    SELECT max(reading_date) AS today FROM gold.sensor_days
),
beyond AS (
    SELECT
        d.refinery_id,
        d.unit_id,
        d.sensor_type,
        sum(d.reading_count) AS readings,
        sum(d.critical_count) AS critical,
        sum(d.warning_count) AS warning,
        sum(d.out_of_range_count) AS out_of_range
    FROM gold.sensor_days d
    CROSS JOIN last_day l
    WHERE d.reading_date > l.today - INTERVAL '2' DAY
    GROUP BY d.refinery_id, d.unit_id, d.sensor_type
),
alerts AS (
    SELECT
        a.unit_id,
        a.sensor_type,
        max(a.alert_severity_score) AS worst_severity,
        max(a.window_start) AS latest_alert
    FROM gold.anomaly_alerts a
    CROSS JOIN last_day l
    WHERE a.reading_date > l.today - INTERVAL '2' DAY
    GROUP BY a.unit_id, a.sensor_type
)
SELECT b.*, round(a.worst_severity, 2) AS worst_severity, a.latest_alert
FROM beyond b
LEFT JOIN alerts a ON a.unit_id = b.unit_id AND a.sensor_type = b.sensor_type
WHERE b.critical + b.warning + b.out_of_range > 0
ORDER BY b.critical DESC, b.out_of_range DESC, b.warning DESC, b.unit_id, b.sensor_type
LIMIT 50
