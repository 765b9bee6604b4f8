-- Which transformers carry more than they can?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  transformer_id AS transformer,
  capacity_kva,
  ROUND(overloaded_hours, 1) AS overloaded_hours,
  ROUND(max_load_percentage / 100, 3) AS highest_load_share,
  ROUND(mean_load_share, 3) AS mean_load_share,
  ROUND(max_oil_temperature_c, 1) AS hottest_oil_c,
  customers_served AS customers,
  CONCAT(COALESCE(region, ''), ' ', COALESCE(substation_id, '')) AS substation
FROM gold.transformer_health
WHERE
  overloaded_hours > 0
ORDER BY
  overloaded_hours DESC,
  transformer_id NULLS LAST
LIMIT 50
