-- Where does energy go that nobody is billed for?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  CONCAT(COALESCE(region, ''), ' ', COALESCE(grid_zone, '')) AS zone,
  MAX(transformers) AS transformers,
  ROUND(SUM(delivered_mwh), 2) AS delivered_mwh,
  ROUND(SUM(metered_mwh), 2) AS metered_mwh,
  ROUND(SUM(unmetered_mwh), 2) AS unmetered_mwh,
  ROUND(SUM(losses_mwh), 2) AS losses_mwh,
  ROUND(SUM(unexplained_mwh), 2) AS unexplained_mwh,
  ROUND(SUM(unexplained_mwh) / SUM(delivered_mwh), 4) AS unexplained_share
FROM gold.zone_balance
WHERE
  balance_date > (
    SELECT
      MAX(balance_date)
    FROM gold.zone_balance
  ) - INTERVAL '7' DAY
GROUP BY
  region,
  grid_zone
ORDER BY
  SUM(unexplained_mwh) DESC
LIMIT 50
