-- How much of its capacity does each refinery use, and how much was it idle?
USE CATALOG IDENTIFIER(:catalog);
WITH last_day AS (
  SELECT
    MAX(production_date) AS today
  FROM gold.refinery_kpis
)
SELECT
  k.refinery_id,
  k.refinery_name,
  k.capacity_bpd,
  ROUND(AVG(k.total_crude_processed)) AS crude_barrels_per_day,
  ROUND(AVG(k.capacity_utilization), 3) AS utilization,
  ROUND(MAX(CASE WHEN k.production_date = l.today THEN k.capacity_utilization END), 3) AS utilization_last_day,
  ROUND(AVG(k.downtime_percentage), 3) AS downtime,
  COUNT(*) AS days
FROM gold.refinery_kpis AS k
CROSS JOIN last_day AS l
WHERE
  k.production_date > l.today - INTERVAL '7' DAY
GROUP BY
  k.refinery_id,
  k.refinery_name,
  k.capacity_bpd
ORDER BY
  utilization NULLS LAST
