-- Who delivers late, and what of it is late now?
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
), waiting AS (
  SELECT
    supplier_id,
    transport_mode,
    refinery_name,
    COUNT(*) AS shipments,
    SUM(volume_barrels) AS barrels
  FROM refinery_gold.stock_out_risk
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
  on_time_high,
  avg_days_delayed DESC,
  b.supplier_id,
  b.transport_mode
LIMIT 30
