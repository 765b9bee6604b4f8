-- What is the cheapest blend of the crudes in stock for each refinery's next day?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  refinery_name,
  status,
  COALESCE(crude_name, reason) AS crude_or_reason,
  ROUND(blend_barrels) AS barrels,
  ROUND(blend_share, 3) AS share,
  ROUND(price_per_barrel, 2) AS price,
  ROUND(blend_api_gravity, 1) AS blend_api,
  ROUND(blend_sulfur_pct, 2) AS blend_sulfur,
  ROUND(blend_cost_per_barrel, 2) AS blend_cost,
  ROUND(saving_per_day) AS saving_per_day,
  binding_limits
FROM gold.crude_blend
WHERE
  status <> 'OPTIMAL' OR blend_barrels > 0
ORDER BY
  refinery_name NULLS LAST,
  share DESC
