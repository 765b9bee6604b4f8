-- Which meters should somebody look at, because energy is missing behind them?
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
  ROUND(s.revenue_at_risk, 0) AS revenue_at_risk_inr,
  ROUND(s.missing_kwh, 1) AS missing_kwh,
  s.transformer_id AS transformer,
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
  s.kind LIKE 'THEFT%'
ORDER BY
  s.confidence * COALESCE(s.revenue_at_risk, 0) DESC,
  s.confidence DESC,
  s.meter_id
LIMIT 50
