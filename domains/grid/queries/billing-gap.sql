-- How much of what was metered is billed, and how much of that is paid?
-- Columns: region, bills, metered and billed energy of bills whose meter is known, billed over metered, billed amount,
-- what is not paid, bills that do not agree. The region with the largest unpaid sum comes first.
SELECT
    region,
    count(*) AS bills,
    round(sum(metered_kwh), 0) AS metered_kwh,
    round(sum(CASE WHEN metered_kwh IS NOT NULL THEN units_consumed_kwh END), 0) AS billed_kwh,
    round(sum(CASE WHEN metered_kwh IS NOT NULL THEN units_consumed_kwh END) / sum(metered_kwh), 4) AS billed_share,
    round(sum(total_amount), 2) AS billed_inr,
    round(sum(unpaid_amount), 2) AS unpaid_inr,
    sum(CASE WHEN verdict <> 'AGREES' THEN 1 ELSE 0 END) AS bills_apart
FROM gold.billing_reconciliation
GROUP BY region
ORDER BY unpaid_inr DESC, region
