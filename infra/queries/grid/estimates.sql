-- Which reads are not what meters sent, how were they estimated, and how sure are the estimates?
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
)
SELECT
  meter_id AS meter,
  MAX(customer_id) AS customer,
  SUM(CASE WHEN state = 'ESTIMATED' THEN 1 ELSE 0 END) AS estimated,
  SUM(CASE WHEN state = 'MISSING' THEN 1 ELSE 0 END) AS missing,
  SUM(CASE WHEN measured_kwh IS NULL THEN 1 ELSE 0 END) AS no_read,
  SUM(CASE WHEN state <> 'MEASURED' AND NOT measured_kwh IS NULL THEN 1 ELSE 0 END) AS not_believed,
  ROUND(
    CAST(SUM(CAST(CASE WHEN state = 'ESTIMATED' THEN kwh ELSE 0 END AS DECIMAL(18, 6))) AS DOUBLE),
    2
  ) AS estimated_kwh,
  ROUND(
    CAST(SUM(CASE WHEN state = 'ESTIMATED' THEN kwh ELSE 0 END) AS DOUBLE) / NULLIF(SUM(kwh), 0),
    4
  ) AS estimated_share,
  ARRAY_JOIN(ARRAY_SORT(ARRAY_AGG(DISTINCT method) FILTER(WHERE
    NOT method IS NULL)), ', ') AS methods,
  ROUND(AVG(confidence), 2) AS mean_confidence,
  ROUND(MIN(confidence), 2) AS least_confidence,
  MIN(CASE WHEN state <> 'MEASURED' THEN reading_date END) AS first_day,
  MAX(CASE WHEN state <> 'MEASURED' THEN reading_date END) AS last_day
FROM recent
GROUP BY
  meter_id
HAVING
  SUM(CASE WHEN state <> 'MEASURED' THEN 1 ELSE 0 END) > 0
ORDER BY
  estimated_kwh DESC,
  meter
LIMIT 50
