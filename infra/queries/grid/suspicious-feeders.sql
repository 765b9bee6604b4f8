-- Which transformers deliver more than their meters and losses explain?
WITH days AS (
  SELECT
    *
  FROM grid_gold.energy_balance
  WHERE
    NOT unexplained_kw IS NULL
    AND balance_date > (
      SELECT
        MAX(balance_date)
      FROM grid_gold.energy_balance
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
    CAST(STDDEV_SAMP(unexplained_kw) AS DOUBLE) / SQRT(COUNT(*)) AS error_kw,
    CAST(SUM(unexplained_kw) AS DOUBLE) / SUM(delivered_kw - losses_kw) AS unexplained_share
  FROM days
  GROUP BY
    transformer_id
), suspects AS (
  SELECT
    transformer_id,
    MIN(meter_id) AS first_meter,
    COUNT(*) AS suspects
  FROM grid_gold.meter_suspects
  WHERE
    kind LIKE 'THEFT%'
  GROUP BY
    transformer_id
)
SELECT
  f.transformer_id AS transformer,
  CONCAT(
    COALESCE(CAST(f.region AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(f.grid_zone AS VARCHAR), '')
  ) AS zone,
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
  f.transformer_id
LIMIT 50
