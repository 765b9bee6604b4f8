-- Which late shipments endanger a refinery's supply of crude?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  risk,
  shipment_id,
  refinery_name,
  crude_name,
  supplier_id,
  volume_barrels,
  days_late,
  days_until_arrival,
  ROUND(days_of_supply, 1) AS days_of_supply,
  ROUND(tank_days_of_supply, 1) AS tank_days_of_supply
FROM gold.stock_out_risk
ORDER BY
  CASE risk WHEN 'HIGH' THEN 1 WHEN 'MEDIUM' THEN 2 WHEN 'UNKNOWN' THEN 3 ELSE 4 END NULLS LAST,
  days_of_supply - days_until_arrival NULLS LAST,
  shipment_id NULLS LAST
LIMIT 50
