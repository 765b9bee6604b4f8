-- Which meters measure what cannot be?
-- Columns: meter, customer, confidence, the evidence, zone, first and last day. The surest comes first.
SELECT
    s.meter_id AS meter,
    concat(c.customer_name, ' ', s.customer_id) AS customer,
    round(s.confidence, 2) AS confidence,
    s.evidence,
    concat(s.region, ' ', s.grid_zone) AS zone,
    s.first_day,
    s.last_day
FROM gold.meter_suspects s
LEFT JOIN silver.customer_master c ON c.customer_id = s.customer_id AND c.is_current
WHERE s.kind = 'SPIKES'
ORDER BY s.confidence DESC, s.meter_id
LIMIT 50
