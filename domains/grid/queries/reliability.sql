-- How long and how often were customers without supply?
-- Columns: region, month, minutes for a customer (SAIDI), interruptions for a customer (SAIFI), minutes of an
-- interruption (CAIDI), interruptions, customers. The month before comes last, the worst region of a month first.
SELECT
    region,
    month,
    round(saidi_minutes, 1) AS saidi_minutes,
    round(saifi, 4) AS saifi,
    round(caidi_minutes, 1) AS caidi_minutes,
    interruptions,
    customers
FROM gold.reliability_indices
ORDER BY month DESC, saidi_minutes DESC, region
LIMIT 60
