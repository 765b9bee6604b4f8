-- Who delivers late?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  supplier_id,
  transport_mode,
  SUM(shipments) AS shipments,
  ROUND(SUM(on_time_rate * shipments) / SUM(shipments), 3) AS on_time_rate,
  ROUND(SUM(avg_days_delayed * shipments) / SUM(shipments), 2) AS avg_days_delayed,
  MAX(max_days_delayed) AS max_days_delayed,
  ROUND(SUM(cost_per_barrel * volume_barrels) / SUM(volume_barrels), 2) AS cost_per_barrel
FROM gold.delivery_performance
GROUP BY
  supplier_id,
  transport_mode
HAVING
  SUM(shipments) >= 5
ORDER BY
  on_time_rate NULLS LAST,
  avg_days_delayed DESC,
  supplier_id NULLS LAST,
  transport_mode NULLS LAST
LIMIT 30
