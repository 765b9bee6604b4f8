-- How much of what was metered is billed, and how much of that is paid?
SELECT
  region,
  COUNT(*) AS bills,
  COUNT(metered_kwh) AS bills_metered,
  ROUND(SUM(metered_kwh), 0) AS metered_kwh,
  ROUND(SUM(CASE WHEN NOT metered_kwh IS NULL THEN units_consumed_kwh END), 0) AS billed_kwh,
  ROUND(
    CAST(SUM(CASE WHEN NOT metered_kwh IS NULL THEN units_consumed_kwh END) AS DOUBLE) / SUM(metered_kwh),
    4
  ) AS billed_share,
  ROUND(SUM(total_amount), 0) AS billed_inr,
  ROUND(SUM(paid_amount), 0) AS paid_inr,
  ROUND(SUM(overdue_amount), 0) AS overdue_inr,
  ROUND(SUM(disputed_amount), 0) AS disputed_inr,
  ROUND(SUM(not_due_amount), 0) AS not_due_inr,
  SUM(CASE WHEN verdict <> 'AGREES' THEN 1 ELSE 0 END) AS bills_apart
FROM grid_gold.billing_reconciliation
GROUP BY
  region
ORDER BY
  overdue_inr DESC,
  region
