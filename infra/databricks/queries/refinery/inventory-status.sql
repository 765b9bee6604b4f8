-- What is in the tanks, and which need attention?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  i.product_type,
  i.inventory_status,
  COUNT(*) AS tanks,
  SUM(i.current_volume) AS volume_barrels,
  ROUND(SUM(i.current_volume) / SUM(i.capacity_barrels), 3) AS fill,
  ROUND(MAX(d.days_of_supply), 1) AS days_of_supply_of_type,
  MAX(d.shortest_refinery_id) AS shortest_refinery,
  ROUND(MAX(d.shortest_days_of_supply), 1) AS its_days_of_supply
FROM gold.inventory_status AS i
LEFT JOIN gold.days_of_supply AS d
  ON d.level = 'PRODUCT_TYPE' AND d.product_type = i.product_type
GROUP BY
  i.product_type,
  i.inventory_status
ORDER BY
  i.product_type NULLS LAST,
  tanks DESC
