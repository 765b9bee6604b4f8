-- Which transformers deliver more than their meters and losses explain?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  transformer_id AS transformer,
  CONCAT(COALESCE(region, ''), ' ', COALESCE(grid_zone, '')) AS zone,
  MAX(meters) AS meters,
  COUNT(*) AS days,
  ROUND(AVG(delivered_kw), 2) AS delivered_kw,
  ROUND(AVG(metered_kw), 2) AS metered_kw,
  ROUND(AVG(losses_kw), 2) AS losses_kw,
  ROUND(AVG(unexplained_kw), 2) AS unexplained_kw,
  ROUND(SUM(unexplained_kw) / SUM(delivered_kw - losses_kw), 4) AS unexplained_share
FROM gold.energy_balance
WHERE
  NOT unexplained_kw IS NULL
  AND balance_date > (
    SELECT
      MAX(balance_date)
    FROM gold.energy_balance
  ) - INTERVAL '7' DAY
GROUP BY
  transformer_id,
  region,
  grid_zone
ORDER BY
  AVG(unexplained_kw) DESC,
  transformer_id NULLS LAST
LIMIT 50
