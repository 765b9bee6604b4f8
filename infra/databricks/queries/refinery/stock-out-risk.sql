-- Which late shipments endanger a refinery's supply of crude?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  risk,
  shipment_id,
  refinery_name,
  ROUND(stock_out_probability, 3) AS chance,
  ROUND(stock_out_probability_without_it, 3) AS chance_without_it,
  hours_to_stock_out,
  ROUND(lowest_stock_barrels) AS lowest_stock_barrels,
  hours_to_lowest_stock,
  days_late,
  days_until_arrival,
  crude_name,
  supplier_id,
  volume_barrels,
  ROUND(days_of_supply, 1) AS days_of_supply,
  hours_looked_ahead,
  unknown_because
FROM gold.stock_out_risk
ORDER BY
  CASE risk WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'UNKNOWN' THEN 3 ELSE 4 END NULLS LAST,
  stock_out_probability_without_it DESC,
  days_late DESC,
  shipment_id NULLS LAST
LIMIT 50
