-- Who delivers late?
SELECT
  supplier_id,
  transport_mode,
  SUM(shipments) AS shipments,
  ROUND(CAST(SUM(on_time_rate * shipments) AS DOUBLE) / SUM(shipments), 3) AS on_time_rate,
  ROUND(CAST(SUM(avg_days_delayed * shipments) AS DOUBLE) / SUM(shipments), 2) AS avg_days_delayed,
  MAX(max_days_delayed) AS max_days_delayed,
  ROUND(CAST(SUM(cost_per_barrel * volume_barrels) AS DOUBLE) / SUM(volume_barrels), 2) AS cost_per_barrel
FROM refinery_gold.delivery_performance
GROUP BY
  supplier_id,
  transport_mode
HAVING
  SUM(shipments) >= 5
ORDER BY
  on_time_rate,
  avg_days_delayed DESC,
  supplier_id,
  transport_mode
LIMIT 30
