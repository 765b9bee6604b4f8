-- Who delivers late?
-- Columns: supplier, transport, deliveries, on-time rate, mean and longest delay in days, cost per barrel
-- over all weeks. Least punctual first.
SELECT
    supplier_id,
    transport_mode,
    sum(shipments) AS shipments,
    round(sum(on_time_rate * shipments) / sum(shipments), 3) AS on_time_rate,
    round(sum(avg_days_delayed * shipments) / sum(shipments), 2) AS avg_days_delayed,
    max(max_days_delayed) AS max_days_delayed,
    round(sum(cost_per_barrel * volume_barrels) / sum(volume_barrels), 2) AS cost_per_barrel
FROM gold.delivery_performance
GROUP BY supplier_id, transport_mode
HAVING sum(shipments) >= 5
ORDER BY on_time_rate, avg_days_delayed DESC, supplier_id, transport_mode
LIMIT 30
