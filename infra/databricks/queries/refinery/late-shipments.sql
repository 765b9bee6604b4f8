-- Who delivers late?
USE CATALOG IDENTIFIER(:catalog);
WITH suppliers AS (
  SELECT
    supplier_id,
    transport_mode,
    CAST(SUM(shipments) AS DOUBLE) AS n,
    CAST(SUM(shipments_on_time) AS DOUBLE) / SUM(shipments) AS rate,
    SUM(avg_days_delayed * shipments) / SUM(shipments) AS avg_days_delayed,
    MAX(max_days_delayed) AS max_days_delayed,
    SUM(cost_per_barrel * volume_barrels) / SUM(volume_barrels) AS cost_per_barrel
  FROM gold.delivery_performance
  GROUP BY
    supplier_id,
    transport_mode
), bounded AS (
  SELECT
    *,
    (
      rate + 1.9208 / n - 1.96 * SQRT(rate * (
        1 - rate
      ) / n + 0.9604 / (
        n * n
      ))
    ) / (
      1 + 3.8416 / n
    ) AS low,
    (
      rate + 1.9208 / n + 1.96 * SQRT(rate * (
        1 - rate
      ) / n + 0.9604 / (
        n * n
      ))
    ) / (
      1 + 3.8416 / n
    ) AS high,
    SUM(rate * n) OVER () / SUM(n) OVER () AS rate_of_all
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
  on_time_high NULLS LAST,
  avg_days_delayed DESC,
  supplier_id NULLS LAST,
  transport_mode NULLS LAST
LIMIT 30
