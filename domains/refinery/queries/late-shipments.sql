-- Who delivers late?
-- Columns: supplier, transport, deliveries, on-time rate with the bounds that hold it in nineteen cases of twenty
-- (Wilson), whether it is below the rate of all beyond chance, mean and longest delay in days, cost per barrel over all
-- weeks. Who is surely late comes first.
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
)
SELECT
    supplier_id,
    transport_mode,
    CAST(n AS BIGINT) AS shipments,
    round(rate, 3) AS on_time_rate,
    round(low, 3) AS on_time_low,
    round(high, 3) AS on_time_high,
    high < rate_of_all AS is_surely_late,
    round(avg_days_delayed, 2) AS avg_days_delayed,
    max_days_delayed,
    round(cost_per_barrel, 2) AS cost_per_barrel
FROM bounded
WHERE n >= 5
ORDER BY on_time_high, avg_days_delayed DESC, supplier_id, transport_mode
LIMIT 30
