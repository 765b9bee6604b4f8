-- What should each refinery draw from its crude tanks on its next day?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  refinery_name,
  tank_id,
  ROUND(MAX(tank_barrels)) AS barrels,
  ROUND(MAX(tank_barrels / charge_barrels), 3) AS share,
  COALESCE(MAX(tank_contents), MAX(reason)) AS holds_or_reason,
  status,
  charge_date,
  ROUND(MAX(blend_api_gravity), 1) AS blend_api,
  ROUND(MAX(api_min), 1) AS api_min,
  ROUND(MAX(api_max), 1) AS api_max,
  ROUND(MAX(blend_sulfur_pct), 2) AS blend_sulfur,
  ROUND(MAX(sulfur_max_pct), 2) AS sulfur_max,
  ROUND(MAX(blend_value_per_barrel - blend_cost_per_barrel), 2) AS margin_per_barrel,
  ROUND(MAX(saving_per_day)) AS gain_per_day,
  MAX(binding_limits) AS binding_limits
FROM gold.crude_blend
GROUP BY
  refinery_id,
  refinery_name,
  tank_id,
  status,
  charge_date
ORDER BY
  refinery_name NULLS LAST,
  share DESC,
  tank_id NULLS LAST
