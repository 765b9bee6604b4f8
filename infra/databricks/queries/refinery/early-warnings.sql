-- Which processing units show early warning signs of failure?
USE CATALOG IDENTIFIER(:catalog);
WITH last_day AS (
  SELECT
    MAX(reading_date) AS today
  FROM gold.equipment_health
), compared AS (
  SELECT
    h.unit_id,
    AVG(CASE WHEN h.reading_date > l.today - INTERVAL '2' DAY THEN h.health_score END) AS health_now,
    AVG(CASE WHEN h.reading_date <= l.today - INTERVAL '2' DAY THEN h.health_score END) AS health_before,
    AVG(CASE WHEN h.reading_date > l.today - INTERVAL '2' DAY THEN h.vibration_level END) AS vibration_now,
    AVG(
      CASE WHEN h.reading_date <= l.today - INTERVAL '7' DAY THEN h.vibration_level END
    ) AS vibration_before,
    AVG(
      CASE WHEN h.reading_date > l.today - INTERVAL '2' DAY THEN h.temperature_level END
    ) AS temperature_now,
    AVG(
      CASE WHEN h.reading_date <= l.today - INTERVAL '7' DAY THEN h.temperature_level END
    ) AS temperature_before
  FROM gold.equipment_health AS h
  CROSS JOIN last_day AS l
  WHERE
    h.reading_date > l.today - INTERVAL '16' DAY
  GROUP BY
    h.unit_id
), signs AS (
  SELECT
    unit_id,
    health_now,
    health_before,
    1000 * (
      vibration_now - vibration_before
    ) AS vibration_rise,
    1000 * (
      temperature_now - temperature_before
    ) AS temperature_rise
  FROM compared
)
SELECT
  s.unit_id,
  h.unit_name,
  h.unit_type,
  h.refinery_name,
  CASE
    WHEN s.health_before - s.health_now > 10 OR s.vibration_rise > 50
    THEN 'STRONG'
    WHEN s.health_before - s.health_now > 3
    OR s.vibration_rise > 20
    OR s.temperature_rise > 20
    THEN 'WEAK'
    ELSE 'NONE'
  END AS sign,
  ROUND(s.health_now, 1) AS health_now,
  ROUND(s.health_before, 1) AS health_before,
  ROUND(s.vibration_rise, 1) AS vibration_rise,
  ROUND(s.temperature_rise, 1) AS temperature_rise,
  h.maintenance_status
FROM signs AS s
JOIN gold.equipment_health AS h
  ON h.unit_id = s.unit_id
JOIN last_day AS l
  ON h.reading_date = l.today
ORDER BY
  GREATEST(0, COALESCE(s.vibration_rise, 0)) + GREATEST(0, COALESCE(s.temperature_rise, 0)) + 5 * GREATEST(0, COALESCE(s.health_before - s.health_now, 0)) DESC,
  s.unit_id NULLS LAST
LIMIT 10
