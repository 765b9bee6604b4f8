-- Which meters measure what cannot be, and should be looked at or changed?
-- Columns: meter, customer, what it looks like (a faulty meter spikes half-hour after half-hour), confidence, the evidence,
-- zone, first and last day. Faulty meters come first, the surest at the head.
SELECT
    s.meter_id AS meter,
    concat(c.customer_name, ' ', s.customer_id) AS customer,
    s.kind,
    round(s.confidence, 2) AS confidence,
    s.evidence,
    concat(s.region, ' ', s.grid_zone) AS zone,
    s.first_day,
    s.last_day
FROM gold.meter_suspects s
LEFT JOIN silver.customer_master c ON c.customer_id = s.customer_id AND c.is_current
WHERE s.kind IN ('FAULTY_METER', 'SINGLE_SPIKES')
ORDER BY s.kind, s.confidence DESC, s.meter_id
LIMIT 50
