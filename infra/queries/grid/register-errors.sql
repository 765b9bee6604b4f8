-- Which meters' registers disagree with their half-hours?
WITH recent AS (
  SELECT
    *
  FROM grid_gold.validated_reads
  WHERE
    reading_date > (
      SELECT
        MAX(reading_date)
      FROM grid_gold.validated_reads
    ) - INTERVAL '28' DAY
    AND ARRAY_JOIN(failed_rules, ' ') LIKE '%sum_check%'
), held AS (
  SELECT
    meter_id,
    MAX_BY(unit, read_at) AS unit,
    MAX_BY(multiplier, read_at) AS multiplier
  FROM grid_silver.register_reads
  GROUP BY
    meter_id
)
SELECT
  recent.meter_id AS meter,
  MAX(recent.customer_id) AS customer,
  COUNT(DISTINCT recent.reading_date) AS days,
  MIN(recent.reading_date) AS first_day,
  MAX(recent.reading_date) AS last_day,
  MAX(held.unit) AS unit,
  MAX(held.multiplier) AS multiplier
FROM recent
LEFT JOIN held
  ON held.meter_id = recent.meter_id
GROUP BY
  recent.meter_id
ORDER BY
  days DESC,
  meter
LIMIT 50
