-- Which meters should somebody look at, because energy is missing behind them?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  s.meter_id AS meter,
  CONCAT(COALESCE(c.customer_name, ''), ' ', COALESCE(s.customer_id, '')) AS customer,
  s.kind,
  ROUND(s.confidence, 2) AS confidence,
  s.evidence,
  ROUND(s.revenue_at_risk, 0) AS revenue_at_risk_inr,
  ROUND(s.missing_kwh, 1) AS missing_kwh,
  s.transformer_id AS transformer,
  CONCAT(COALESCE(s.region, ''), ' ', COALESCE(s.grid_zone, '')) AS zone,
  s.first_day,
  s.last_day
FROM gold.meter_suspects AS s
LEFT JOIN silver.customer_master AS c
  ON c.customer_id = s.customer_id AND c.is_current
WHERE
  s.kind LIKE 'THEFT%'
ORDER BY
  s.confidence * COALESCE(s.revenue_at_risk, 0) DESC,
  s.confidence DESC,
  s.meter_id NULLS LAST
LIMIT 50
