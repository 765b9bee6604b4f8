-- Who delivers late?
WITH suppliers AS (
  SELECT
    supplier_id,
    transport_mode,
    CAST(SUM(shipments) AS DOUBLE) AS n,
    CAST(SUM(shipments_on_time) AS DOUBLE) / SUM(shipments) AS rate,
    CAST(SUM(avg_days_delayed * shipments) AS DOUBLE) / SUM(shipments) AS avg_days_delayed,
    MAX(max_days_delayed) AS max_days_delayed,
    CAST(SUM(cost_per_barrel * volume_barrels) AS DOUBLE) / SUM(volume_barrels) AS cost_per_barrel
  FROM refinery_gold.delivery_performance
  GROUP BY
    supplier_id,
    transport_mode
), bounded AS (
  SELECT
    *,
    CAST((
      rate + CAST(1.9208 AS DOUBLE) / n - 1.96 * SQRT(CAST(rate * (
        1 - rate
      ) AS DOUBLE) / n + CAST(0.9604 AS DOUBLE) / (
        n * n
      ))
    ) AS DOUBLE) / (
      1 + CAST(3.8416 AS DOUBLE) / n
    ) AS low,
    CAST((
      rate + CAST(1.9208 AS DOUBLE) / n + 1.96 * SQRT(CAST(rate * (
        1 - rate
      ) AS DOUBLE) / n + CAST(0.9604 AS DOUBLE) / (
        n * n
      ))
    ) AS DOUBLE) / (
      1 + CAST(3.8416 AS DOUBLE) / n
    ) AS high,
    CAST(SUM(rate * n) OVER () AS DOUBLE) / SUM(n) OVER () AS rate_of_all
  FROM suppliers
)
SELECT
  supplier_id,
  transport_mode,
  CAST(n AS BIGINT) AS shipments,
  ROUND(rate, 3) AS on_time_rate,
  ROUND(low, 3) AS on_time_low,
  ROUND(high, 3) AS on_time_high,
  high < rate_of_all AS is_surely_late,
  ROUND(avg_days_delayed, 2) AS avg_days_delayed,
  max_days_delayed,
  ROUND(cost_per_barrel, 2) AS cost_per_barrel
FROM bounded
WHERE
  n >= 5
ORDER BY
  on_time_high,
  avg_days_delayed DESC,
  supplier_id,
  transport_mode
LIMIT 30
