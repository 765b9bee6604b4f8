-- Which meters measure what cannot be, and should be looked at or changed?
SELECT
  s.meter_id AS meter,
  CONCAT(
    COALESCE(CAST(c.customer_name AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(s.customer_id AS VARCHAR), '')
  ) AS customer,
  s.kind,
  ROUND(s.confidence, 2) AS confidence,
  s.evidence,
  CONCAT(
    COALESCE(CAST(s.region AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(s.grid_zone AS VARCHAR), '')
  ) AS zone,
  s.first_day,
  s.last_day
FROM grid_gold.meter_suspects AS s
LEFT JOIN grid_silver.customer_master AS c
  ON c.customer_id = s.customer_id AND c.is_current
WHERE
  s.kind IN ('FAULTY_METER', 'SINGLE_SPIKES')
ORDER BY
  s.kind,
  s.confidence DESC,
  s.meter_id
LIMIT 50
