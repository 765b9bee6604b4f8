-- Who draws more than their contract allows?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  CONCAT(COALESCE(customer_name, ''), ' ', COALESCE(customer_id, '')) AS customer,
  meter_id AS meter,
  tariff_category AS tariff,
  sanctioned_load_kw AS sanctioned_kw,
  ROUND(peak_kw, 2) AS peak_kw,
  ROUND(peak_kw - sanctioned_load_kw, 2) AS excess_kw,
  days_above_sanctioned AS days_above,
  ROUND(outstanding_balance, 2) AS outstanding_inr,
  transformer_id AS transformer
FROM gold.customer_standing
WHERE
  exceeds_sanctioned_load
ORDER BY
  peak_kw - sanctioned_load_kw DESC,
  customer_id NULLS LAST
LIMIT 50
