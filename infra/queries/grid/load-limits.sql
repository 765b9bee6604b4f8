-- Who draws more than their contract allows?
SELECT
  CONCAT(
    COALESCE(CAST(customer_name AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(customer_id AS VARCHAR), '')
  ) AS customer,
  meter_id AS meter,
  tariff_category AS tariff,
  sanctioned_load_kw AS sanctioned_kw,
  ROUND(peak_kw, 2) AS peak_kw,
  ROUND(peak_kw - sanctioned_load_kw, 2) AS excess_kw,
  days_above_sanctioned AS days_above,
  ROUND(outstanding_balance, 2) AS outstanding_inr,
  transformer_id AS transformer
FROM grid_gold.customer_standing
WHERE
  exceeds_sanctioned_load
ORDER BY
  peak_kw - sanctioned_load_kw DESC,
  customer_id
LIMIT 50
