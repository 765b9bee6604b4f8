-- Which transformers deliver more than their meters and losses explain?
USE CATALOG IDENTIFIER(:catalog);
WITH days AS (
  SELECT
    *
  FROM gold.energy_balance
  WHERE
    NOT unexplained_kw IS NULL
    AND balance_date > (
      SELECT
        MAX(balance_date)
      FROM gold.energy_balance
    ) - INTERVAL '7' DAY
), feeders AS (
  SELECT
    transformer_id,
    MAX(region) AS region,
    MAX(grid_zone) AS grid_zone,
    MAX(meters) AS meters,
    COUNT(*) AS days,
    AVG(delivered_kw) AS delivered_kw,
    AVG(metered_kw) AS metered_kw,
    AVG(unexplained_kw) AS unexplained_kw,
    STDDEV_SAMP(unexplained_kw) / SQRT(COUNT(*)) AS error_kw,
    SUM(unexplained_kw) / SUM(delivered_kw - losses_kw) AS unexplained_share
  FROM days
  GROUP BY
    transformer_id
), suspects AS (
  SELECT
    transformer_id,
    MIN(meter_id) AS first_meter,
    COUNT(*) AS suspects
  FROM gold.meter_suspects
  WHERE
    kind LIKE 'THEFT%'
  GROUP BY
    transformer_id
)
SELECT
  f.transformer_id AS transformer,
  CONCAT(COALESCE(f.region, ''), ' ', COALESCE(f.grid_zone, '')) AS zone,
  f.meters,
  f.days,
  ROUND(f.delivered_kw, 2) AS delivered_kw,
  ROUND(f.metered_kw, 2) AS metered_kw,
  ROUND(f.unexplained_kw, 2) AS unexplained_kw,
  ROUND(f.error_kw, 2) AS error_kw,
  ROUND(f.unexplained_share, 3) AS unexplained_share,
  COALESCE(s.suspects, 0) AS suspects,
  s.first_meter AS first_suspect
FROM feeders AS f
LEFT JOIN suspects AS s
  ON s.transformer_id = f.transformer_id
WHERE
  f.unexplained_kw > 2 * f.error_kw AND f.unexplained_share > 0.08
ORDER BY
  f.unexplained_share DESC,
  f.transformer_id NULLS LAST
LIMIT 50
