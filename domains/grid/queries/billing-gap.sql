-- How much of what was metered is billed, and how much of that is paid?
-- Columns: region, bills, those whose meter is known over their period, metered and billed energy of these, billed over
-- metered, billed amount of all, of which paid, overdue, disputed and not yet due, bills that do not agree with meter or
-- tariff. The region with the most overdue comes first.
SELECT
    region,
    count(*) AS bills,
    count(metered_kwh) AS bills_metered,
    round(sum(metered_kwh), 0) AS metered_kwh,
    round(sum(CASE WHEN metered_kwh IS NOT NULL THEN units_consumed_kwh END), 0) AS billed_kwh,
    round(sum(CASE WHEN metered_kwh IS NOT NULL THEN units_consumed_kwh END) / sum(metered_kwh), 4) AS billed_share,
    round(sum(total_amount), 0) AS billed_inr,
    round(sum(paid_amount), 0) AS paid_inr,
    round(sum(overdue_amount), 0) AS overdue_inr,
    round(sum(disputed_amount), 0) AS disputed_inr,
    round(sum(not_due_amount), 0) AS not_due_inr,
    sum(CASE WHEN verdict <> 'AGREES' THEN 1 ELSE 0 END) AS bills_apart
FROM gold.billing_reconciliation
GROUP BY region
ORDER BY overdue_inr DESC, region
