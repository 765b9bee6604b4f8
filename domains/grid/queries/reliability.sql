-- How long and how often were customers without supply?
-- Columns: region, month, days of it that are known, minutes for a customer (SAIDI), interruptions for a customer (SAIFI),
-- minutes of an interruption (CAIDI), interruptions, minutes for a customer by planned outages (no part of SAIDI),
-- customers. The latest month comes first, its worst region at the head.
SELECT
    region,
    month,
    days,
    round(saidi_minutes, 1) AS saidi_minutes,
    round(saifi, 4) AS saifi,
    round(caidi_minutes, 1) AS caidi_minutes,
    interruptions,
    round(planned_customer_minutes / nullif(customers, 0), 1) AS planned_minutes,
    customers
FROM gold.reliability_indices
ORDER BY month DESC, saidi_minutes DESC, region
LIMIT 60
