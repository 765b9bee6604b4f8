-- Which meters measure what cannot be, and should be looked at or changed?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  s.meter_id AS meter,
  CONCAT(COALESCE(c.customer_name, ''), ' ', COALESCE(s.customer_id, '')) AS customer,
  s.kind,
  ROUND(s.confidence, 2) AS confidence,
  s.evidence,
  CONCAT(COALESCE(s.region, ''), ' ', COALESCE(s.grid_zone, '')) AS zone,
  s.first_day,
  s.last_day
FROM gold.meter_suspects AS s
LEFT JOIN silver.customer_master AS c
  ON c.customer_id = s.customer_id AND c.is_current
WHERE
  s.kind IN ('FAULTY_METER', 'SINGLE_SPIKES')
ORDER BY
  s.kind NULLS LAST,
  s.confidence DESC,
  s.meter_id NULLS LAST
LIMIT 50
