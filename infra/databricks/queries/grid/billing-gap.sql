-- How much of what was metered is billed, and how much of that is paid?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  region,
  COUNT(*) AS bills,
  ROUND(SUM(metered_kwh), 0) AS metered_kwh,
  ROUND(SUM(CASE WHEN NOT metered_kwh IS NULL THEN units_consumed_kwh END), 0) AS billed_kwh,
  ROUND(
    SUM(CASE WHEN NOT metered_kwh IS NULL THEN units_consumed_kwh END) / SUM(metered_kwh),
    4
  ) AS billed_share,
  ROUND(SUM(total_amount), 2) AS billed_inr,
  ROUND(SUM(unpaid_amount), 2) AS unpaid_inr,
  SUM(CASE WHEN verdict <> 'AGREES' THEN 1 ELSE 0 END) AS bills_apart
FROM gold.billing_reconciliation
GROUP BY
  region
ORDER BY
  unpaid_inr DESC,
  region NULLS LAST
