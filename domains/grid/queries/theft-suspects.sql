-- Which meters should somebody look at, because energy is missing behind them?
-- Columns: meter, customer, kind, confidence, the evidence, revenue at risk in INR and missing energy since the first day,
-- transformer, zone, first and last day. What is surest to bring most comes first.
SELECT
    s.meter_id AS meter,
    concat(c.customer_name, ' ', s.customer_id) AS customer,
    s.kind,
    round(s.confidence, 2) AS confidence,
    s.evidence,
    round(s.revenue_at_risk, 0) AS revenue_at_risk_inr,
    round(s.missing_kwh, 1) AS missing_kwh,
    s.transformer_id AS transformer,
    concat(s.region, ' ', s.grid_zone) AS zone,
    s.first_day,
    s.last_day
FROM gold.meter_suspects s
LEFT JOIN silver.customer_master c ON c.customer_id = s.customer_id AND c.is_current
WHERE s.kind LIKE 'THEFT%'
ORDER BY s.confidence * coalesce(s.revenue_at_risk, 0) DESC, s.confidence DESC, s.meter_id
LIMIT 50
