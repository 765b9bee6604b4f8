-- Which meters do the masters and the readings contradict each other about?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  meter_id AS meter,
  conflict,
  ARRAY_JOIN(owners, ', ') AS owners,
  ARRAY_JOIN(customers, ', ') AS customers,
  readings,
  ROUND(measured_kwh, 2) AS measured_kwh
FROM gold.meter_conflicts
ORDER BY
  measured_kwh DESC,
  meter_id NULLS LAST,
  conflict NULLS LAST
LIMIT 50
