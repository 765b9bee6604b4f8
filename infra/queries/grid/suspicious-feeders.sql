-- Which transformers deliver more than their meters and losses explain?
SELECT
  transformer_id AS transformer,
  CONCAT(
    COALESCE(CAST(region AS VARCHAR), ''),
    COALESCE(CAST(' ' AS VARCHAR), ''),
    COALESCE(CAST(grid_zone AS VARCHAR), '')
  ) AS zone,
  MAX(meters) AS meters,
  COUNT(*) AS days,
  ROUND(AVG(delivered_kw), 2) AS delivered_kw,
  ROUND(AVG(metered_kw), 2) AS metered_kw,
  ROUND(AVG(losses_kw), 2) AS losses_kw,
  ROUND(AVG(unexplained_kw), 2) AS unexplained_kw,
  ROUND(CAST(SUM(unexplained_kw) AS DOUBLE) / SUM(delivered_kw - losses_kw), 4) AS unexplained_share
FROM grid_gold.energy_balance
WHERE
  NOT unexplained_kw IS NULL
  AND balance_date > (
    SELECT
      MAX(balance_date)
    FROM grid_gold.energy_balance
  ) - INTERVAL '7' DAY
GROUP BY
  transformer_id,
  region,
  grid_zone
ORDER BY
  AVG(unexplained_kw) DESC,
  transformer_id
LIMIT 50
