-- Who delivers late, and what of it is late now?
-- Columns: supplier, transport, on-time rate, whether that is below the rate of all beyond chance, late shipments under
-- way now, the refinery that waits for most of them and their barrels; deliveries, the bounds that hold the rate in
-- nineteen cases of twenty (Wilson), mean and longest delay in days, cost per barrel over all weeks. Who is surely late
-- comes first.
WITH suppliers AS (
    SELECT
        supplier_id,
        transport_mode,
        CAST(sum(shipments) AS DOUBLE) AS n,
        CAST(sum(shipments_on_time) AS DOUBLE) / sum(shipments) AS rate,
        sum(avg_days_delayed * shipments) / sum(shipments) AS avg_days_delayed,
        max(max_days_delayed) AS max_days_delayed,
        sum(cost_per_barrel * volume_barrels) / sum(volume_barrels) AS cost_per_barrel
    FROM gold.delivery_performance
    GROUP BY supplier_id, transport_mode
),
bounded AS (
    SELECT
        *,
        (rate + 1.9208 / n - 1.96 * sqrt(rate * (1 - rate) / n + 0.9604 / (n * n))) / (1 + 3.8416 / n) AS low,
        (rate + 1.9208 / n + 1.96 * sqrt(rate * (1 - rate) / n + 0.9604 / (n * n))) / (1 + 3.8416 / n) AS high,
        sum(rate * n) OVER () / sum(n) OVER () AS rate_of_all
    FROM suppliers
),
waiting AS (
    SELECT supplier_id, transport_mode, refinery_name, count(*) AS shipments, sum(volume_barrels) AS barrels
    FROM gold.stock_out_risk
    GROUP BY supplier_id, transport_mode, refinery_name
),
late_now AS (
    SELECT
        supplier_id,
        transport_mode,
        sum(shipments) AS shipments,
        sum(barrels) AS barrels,
        max_by(refinery_name, barrels) AS refinery_name
    FROM waiting
    GROUP BY supplier_id, transport_mode
)
SELECT
    b.supplier_id,
    b.transport_mode,
    round(b.rate, 3) AS on_time_rate,
    b.high < b.rate_of_all AS is_surely_late,
    coalesce(l.shipments, 0) AS late_now,
    l.refinery_name AS waited_for_by,
    l.barrels AS barrels_late,
    CAST(b.n AS BIGINT) AS shipments,
    round(b.low, 3) AS on_time_low,
    round(b.high, 3) AS on_time_high,
    round(b.avg_days_delayed, 2) AS avg_days_delayed,
    b.max_days_delayed,
    round(b.cost_per_barrel, 2) AS cost_per_barrel
FROM bounded b
LEFT JOIN late_now l ON l.supplier_id = b.supplier_id AND l.transport_mode = b.transport_mode
WHERE b.n >= 5
ORDER BY on_time_high, avg_days_delayed DESC, b.supplier_id, b.transport_mode
LIMIT 30
