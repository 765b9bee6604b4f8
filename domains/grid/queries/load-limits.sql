-- Who draws more than their contract allows?
-- Columns: customer, meter, tariff, sanctioned load, highest demand of 30 days, what it is above, days above, what is still
-- to be paid, transformer. The one that is furthest above in kW comes first.
SELECT
    concat(customer_name, ' ', customer_id) AS customer,
    meter_id AS meter,
    tariff_category AS tariff,
    sanctioned_load_kw AS sanctioned_kw,
    round(peak_kw, 2) AS peak_kw,
    round(peak_kw - sanctioned_load_kw, 2) AS excess_kw,
    days_above_sanctioned AS days_above,
    round(outstanding_balance, 2) AS outstanding_inr,
    transformer_id AS transformer
FROM gold.customer_standing
WHERE exceeds_sanctioned_load
ORDER BY peak_kw - sanctioned_load_kw DESC, customer_id
LIMIT 50
