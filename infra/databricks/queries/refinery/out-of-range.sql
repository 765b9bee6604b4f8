-- Which sensors read outside their normal operating limits on the last two days?
USE CATALOG IDENTIFIER(:catalog);
WITH last_day AS (
  SELECT
    MAX(reading_date) AS today
  FROM gold.sensor_days
), beyond AS (
  SELECT
    d.refinery_id,
    d.unit_id,
    d.sensor_type,
    SUM(d.reading_count) AS readings,
    SUM(d.critical_count) AS critical,
    SUM(d.warning_count) AS warning,
    SUM(d.out_of_range_count) AS out_of_range
  FROM gold.sensor_days AS d
  CROSS JOIN last_day AS l
  WHERE
    d.reading_date > l.today - INTERVAL '2' DAY
  GROUP BY
    d.refinery_id,
    d.unit_id,
    d.sensor_type
), alerts AS (
  SELECT
    a.unit_id,
    a.sensor_type,
    MAX(a.alert_severity_score) AS worst_severity,
    MAX(a.window_start) AS latest_alert
  FROM gold.anomaly_alerts AS a
  CROSS JOIN last_day AS l
  WHERE
    a.reading_date > l.today - INTERVAL '2' DAY
  GROUP BY
    a.unit_id,
    a.sensor_type
)
SELECT
  b.*,
  ROUND(a.worst_severity, 2) AS worst_severity,
  a.latest_alert
FROM beyond AS b
LEFT JOIN alerts AS a
  ON a.unit_id = b.unit_id AND a.sensor_type = b.sensor_type
WHERE
  b.critical + b.warning + b.out_of_range > 0
ORDER BY
  b.critical DESC,
  b.out_of_range DESC,
  b.warning DESC,
  b.unit_id NULLS LAST,
  b.sensor_type NULLS LAST
LIMIT 50
