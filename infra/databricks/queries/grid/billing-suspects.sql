-- Which bills look like fraud?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  s.transaction_id AS transaction,
  CONCAT(COALESCE(c.customer_name, ''), ' ', COALESCE(s.customer_id, '')) AS customer,
  s.confidence,
  s.evidence,
  ROUND(s.missing_amount, 2) AS missing_inr,
  s.billing_period_start AS period_from,
  s.billing_period_end AS period_to,
  s.tariff_category AS tariff
FROM gold.billing_suspects AS s
LEFT JOIN silver.customer_master AS c
  ON c.customer_id = s.customer_id AND c.is_current
ORDER BY
  s.confidence * s.missing_amount DESC,
  s.transaction_id NULLS LAST
LIMIT 50
