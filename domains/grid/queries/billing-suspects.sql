-- Which bills look like fraud?
-- Columns: transaction, customer, confidence, the evidence, amount that is missing, period, tariff. The largest sum that
-- is at stake comes first.
SELECT
    s.transaction_id AS transaction,
    concat(c.customer_name, ' ', s.customer_id) AS customer,
    s.confidence,
    s.evidence,
    round(s.missing_amount, 2) AS missing_inr,
    s.billing_period_start AS period_from,
    s.billing_period_end AS period_to,
    s.tariff_category AS tariff
FROM gold.billing_suspects s
LEFT JOIN silver.customer_master c ON c.customer_id = s.customer_id AND c.is_current
ORDER BY s.confidence * s.missing_amount DESC, s.transaction_id
LIMIT 50
