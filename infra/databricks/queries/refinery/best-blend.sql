-- What should each refinery draw from its crude tanks on its next day?
USE CATALOG IDENTIFIER(:catalog);
SELECT
  b.refinery_name,
  CONCAT_WS(' ', t.tank_name, b.tank_id) AS tank,
  ROUND(MAX(tank_barrels)) AS barrels,
  ROUND(MAX(tank_barrels / charge_barrels), 3) AS share,
  COALESCE(MAX(tank_contents), MAX(reason)) AS holds_or_reason,
  b.status,
  b.charge_date,
  ROUND(MAX(blend_api_gravity), 1) AS blend_api,
  ROUND(MAX(api_min), 1) AS api_min,
  ROUND(MAX(api_max), 1) AS api_max,
  ROUND(MAX(blend_sulfur_pct), 2) AS blend_sulfur,
  ROUND(MAX(sulfur_max_pct), 2) AS sulfur_max,
  ROUND(MAX(blend_value_per_barrel - blend_cost_per_barrel), 2) AS margin_per_barrel,
  ROUND(MAX(saving_per_day)) AS gain_per_day,
  MAX(binding_limits) AS binding_limits
FROM gold.crude_blend AS b
LEFT JOIN silver.storage_tanks AS t
  ON t.tank_id = b.tank_id AND t.is_current
GROUP BY
  b.refinery_id,
  b.refinery_name,
  b.tank_id,
  t.tank_name,
  b.status,
  b.charge_date
ORDER BY
  b.refinery_name NULLS LAST,
  share DESC,
  b.tank_id NULLS LAST
