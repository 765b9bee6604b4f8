-- Which sensors read outside their normal operating limits on the last two days?
WITH last_day AS (
  SELECT
    MAX(reading_date) AS today
  FROM refinery_gold.sensor_days
), recent AS (
  SELECT
    d.sensor_id,
    SUM(d.beyond_critical_count) AS critical,
    SUM(d.beyond_count) AS beyond,
    MAX(d.last_reading_at) AS last_reading_at
  FROM refinery_gold.sensor_days AS d
  CROSS JOIN last_day AS l
  WHERE
    d.reading_date > l.today - INTERVAL '2' DAY
  GROUP BY
    d.sensor_id
), latest AS (
  SELECT
    d.*,
    ROW_NUMBER() OVER (PARTITION BY d.sensor_id ORDER BY d.reading_date DESC) AS place
  FROM refinery_gold.sensor_days AS d
  CROSS JOIN last_day AS l
  WHERE
    d.reading_date > l.today - INTERVAL '2' DAY AND d.beyond_count > 0
), states AS (
  SELECT
    e.*,
    r.critical,
    r.beyond,
    CASE
      WHEN w.sign = 'STANDS'
      THEN 'unit stands'
      WHEN e.beyond_until >= r.last_reading_at
      THEN 'beyond still'
      ELSE 'came back'
    END AS it_is,
    CAST(ABS(e.beyond_value - e.beyond_limit) AS DOUBLE) / NULLIF(e.value_span, 0) AS distance
  FROM latest AS e
  JOIN recent AS r
    ON r.sensor_id = e.sensor_id
  LEFT JOIN refinery_gold.early_warnings AS w
    ON w.unit_id = e.unit_id
  WHERE
    e.place = 1
)
SELECT
  e.sensor_id AS sensor,
  CONCAT_WS(' ', CAST(u.unit_name AS VARCHAR), CAST(e.unit_id AS VARCHAR)) AS unit,
  e.sensor_type AS measures,
  e.it_is,
  ROUND(e.beyond_value, 2) AS worst_value,
  e.beyond_limit AS limit_passed,
  e.measurement_unit,
  e.beyond_limit_kind AS limit_kind,
  e.beyond_since,
  e.beyond_until,
  e.critical AS critical_readings,
  e.beyond AS readings_beyond,
  h.refinery_name AS refinery
FROM states AS e
JOIN refinery_silver.refineries AS h
  ON h.refinery_id = e.refinery_id
LEFT JOIN refinery_silver.processing_units AS u
  ON u.unit_id = e.unit_id AND u.is_current
ORDER BY
  CASE e.it_is WHEN 'beyond still' THEN 0 WHEN 'came back' THEN 1 ELSE 2 END,
  CASE WHEN e.beyond_limit_kind IN ('critical_high', 'critical_low') THEN 0 ELSE 1 END,
  e.distance DESC,
  e.sensor_id
LIMIT 50
