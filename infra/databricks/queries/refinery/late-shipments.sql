-- Who delivers late, and what of it is late now?
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
), waiting AS (
  SELECT
    supplier_id,
    transport_mode,
    refinery_name,
    COUNT(*) AS shipments,
    SUM(volume_barrels) AS barrels
  FROM gold.stock_out_risk
  GROUP BY
    supplier_id,
    transport_mode,
    refinery_name
), late_now AS (
  SELECT
    supplier_id,
    transport_mode,
    SUM(shipments) AS shipments,
    SUM(barrels) AS barrels,
    MAX_BY(refinery_name, barrels) AS refinery_name
  FROM waiting
  GROUP BY
    supplier_id,
    transport_mode
)
SELECT
  b.supplier_id,
  b.transport_mode,
  ROUND(b.rate, 3) AS on_time_rate,
  b.high < b.rate_of_all AS is_surely_late,
  COALESCE(l.shipments, 0) AS late_now,
  l.refinery_name AS waited_for_by,
  l.barrels AS barrels_late,
  CAST(b.n AS BIGINT) AS shipments,
  ROUND(b.low, 3) AS on_time_low,
  ROUND(b.high, 3) AS on_time_high,
  ROUND(b.avg_days_delayed, 2) AS avg_days_delayed,
  b.max_days_delayed,
  ROUND(b.cost_per_barrel, 2) AS cost_per_barrel
FROM bounded AS b
LEFT JOIN late_now AS l
  ON l.supplier_id = b.supplier_id AND l.transport_mode = b.transport_mode
WHERE
  b.n >= 5
ORDER BY
  on_time_high NULLS LAST,
  avg_days_delayed DESC,
  b.supplier_id NULLS LAST,
  b.transport_mode NULLS LAST
LIMIT 30
