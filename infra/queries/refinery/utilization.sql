-- How much of its capacity does each refinery use, and how much was it idle?
WITH last_day AS (
  SELECT
    MAX(production_date) AS today
  FROM refinery_gold.refinery_kpis
)
SELECT
  k.refinery_id,
  k.refinery_name,
  ROUND(CAST(SUM(k.crude_barrels_per_day) AS DOUBLE) / SUM(k.capacity_bpd), 3) AS utilization,
  ROUND(MAX(CASE WHEN k.production_date = l.today THEN k.capacity_utilization END), 3) AS utilization_last_day,
  ROUND(CAST(SUM(k.downtime_percentage * k.unit_hours) AS DOUBLE) / SUM(k.unit_hours), 3) AS downtime,
  ROUND(AVG(k.crude_barrels_per_day)) AS crude_barrels_per_day,
  k.capacity_bpd,
  COUNT(*) AS days,
  ROUND(
    CAST(SUM(k.unit_hours) AS DOUBLE) / SUM(CAST(k.unit_hours AS DOUBLE) / k.coverage),
    4
  ) AS coverage
FROM refinery_gold.refinery_kpis AS k
CROSS JOIN last_day AS l
WHERE
  k.production_date > l.today - INTERVAL '7' DAY
GROUP BY
  k.refinery_id,
  k.refinery_name,
  k.capacity_bpd
ORDER BY
  utilization
