-- Which bills look like fraud?
SELECT
  s.transaction_id AS transaction,
  CONCAT(
    COALESCE(CAST(c.customer_name AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(s.customer_id AS VARCHAR), '')
  ) AS customer,
  s.confidence,
  s.evidence,
  ROUND(s.missing_amount, 2) AS missing_inr,
  s.billing_period_start AS period_from,
  s.billing_period_end AS period_to,
  s.tariff_category AS tariff
FROM grid_gold.billing_suspects AS s
LEFT JOIN grid_silver.customer_master AS c
  ON c.customer_id = s.customer_id AND c.is_current
ORDER BY
  s.confidence * s.missing_amount DESC,
  s.transaction_id
LIMIT 50
